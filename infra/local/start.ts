import { banner } from "./banner.ts";
import { readSettings, StackError } from "./settings.ts";
import { type Stack, startStack } from "./stack.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

// The simulators would look things up on the network otherwise.
process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
process.env.WRANGLER_SEND_METRICS = "false";

let stack: Stack | undefined;
stopOnSignal(async () => stack?.stop(), console.log);

try {
  const settings = await readSettings(process.env);
  console.log("starting …");
  stack = await startStack(settings);
  if (stack.published.length > 0) console.log(`published ${stack.published.join(", ")}`);
  console.log(banner(stack, settings));
} catch (error) {
  console.error(error instanceof StackError ? `freshet: ${error.message}` : error);
  process.exit(1);
}
