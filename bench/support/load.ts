import { execFile } from "node:child_process";
import { join } from "node:path";

/** What one round of load measured. */
export interface Round {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly non2xx: number;
}

export interface Load {
  readonly url: string;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

const AUTOCANNON = join(import.meta.dirname, "..", "node_modules", ".bin", "autocannon");

/** Drives POST requests from a process of its own (autocannon), keep-alive, without pipelining. */
export function drive({ url, body, connections, seconds }: Load): Promise<Round> {
  const args = ["--json", "-c", `${connections}`, "-d", `${seconds}`, "-m", "POST"];
  args.push("-H", "content-type=application/json", "-b", body, url);
  return new Promise((done, failed) => {
    execFile(AUTOCANNON, args, { maxBuffer: 1 << 24 }, (error, stdout) => {
      if (error !== null) return failed(error);
      const { requests, latency, non2xx } = JSON.parse(stdout);
      done({
        requestsPerSecond: requests.average,
        p50Ms: latency.p50,
        p99Ms: latency.p99,
        non2xx,
      });
    });
  });
}
