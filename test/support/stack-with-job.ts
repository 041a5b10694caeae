import { startStack } from "../../infra/local/stack.ts";
import { stopOnSignal } from "../../infra/local/stop-on-signal.ts";
import { leaseJob } from "./lease-job.ts";

/**
 * A process with a stack on the folder of its argument and one job that is being worked on. Says
 * `ready` and where when the job was acknowledged, then waits for a signal, and for the job for ever.
 */
const [dataDir = ""] = process.argv.slice(2);
const settings = { host: "127.0.0.1", port: 0, dataDir, adminToken: "a-token", given: {} };
const stack = await startStack({ ...settings, shutdownMs: 99_999_999 });
const say = (line: string) => void process.stdout.write(`${line}\n`);
stopOnSignal(stack.stop, say);
await leaseJob(stack, "kept");
say(`ready ${stack.url}`);
