import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** What one round of load measured. */
export interface Round {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Load {
  readonly url: string;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

const AUTOCANNON = join(import.meta.dirname, "..", "node_modules", ".bin", "autocannon");
const run = promisify(execFile);

/**
 * Drives POST requests from a process of its own (autocannon), keep-alive, without pipelining.
 * @throws when any request was not answered with 2xx: such a round measures something else
 */
export async function drive({ url, body, connections, seconds }: Load): Promise<Round> {
  const args = ["--json", "-c", `${connections}`, "-d", `${seconds}`, "-m", "POST"];
  args.push("-H", "content-type=application/json", "-b", body, url);
  const { stdout } = await run(AUTOCANNON, args, { maxBuffer: 1 << 24 });
  const { requests, latency, non2xx, errors, timeouts, statusCodeStats } = JSON.parse(stdout);
  if (non2xx > 0 || errors > 0 || timeouts > 0) {
    throw new Error(
      `${url}: ${non2xx} answers were not 2xx, ${errors} errors, ${timeouts} timeouts (${JSON.stringify(statusCodeStats)})`,
    );
  }
  if (requests.total === 0) throw new Error(`${url}: not one answer in ${seconds} s`);
  return {
    requestsPerSecond: requests.average,
    requests: requests.total,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
  };
}
