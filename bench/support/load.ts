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
  return readRound(url, stdout);
}

const MANY = join(import.meta.dirname, "drive-many.mjs");

/** Bodies of a load, in turn; `new`: each of them is another one. */
export interface ManyBodies {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Rows that come again and again, or none that does. */
  readonly rows: number | "new";
}

/** As `drive`, with one flower a request out of so many. */
export async function driveMany(load: ManyBodies): Promise<Round> {
  const { stdout } = await run(process.execPath, [MANY, JSON.stringify(load)], {
    maxBuffer: 1 << 24,
  });
  return readRound(load.url, stdout);
}

/** What autocannon has measured. */
function readRound(url: string, json: string): Round {
  const { requests, latency, non2xx, errors, timeouts, statusCodeStats } = JSON.parse(json);
  if (non2xx > 0 || errors > 0 || timeouts > 0) {
    throw new Error(
      `${url}: ${non2xx} answers were not 2xx, ${errors} errors, ${timeouts} timeouts (${JSON.stringify(statusCodeStats)})`,
    );
  }
  if (requests.total === 0) throw new Error(`${url}: not one answer`);
  return {
    requestsPerSecond: requests.average,
    requests: requests.total,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
  };
}
