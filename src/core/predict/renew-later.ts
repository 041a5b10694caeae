import type { Story } from "./inference.ts";
import { renew } from "./land-prediction.ts";

/** Has a stale answer made anew behind the request that was given it, once for the isolate. */
export function renewLater(story: Story, ageMs: number): void {
  const { caching, context, key } = story;
  if (!caching.predictions.renewals.claim(key, context.clock.now())) return;
  context.background.keep(renewNow(story, ageMs));
}

/** Never rejects: whoever was answered is gone. */
async function renewNow(story: Story, ageMs: number): Promise<void> {
  const { deps, caching, context, sought, key } = story;
  const { model, version } = sought.version;
  const report = (reason: string, detail: string, cause?: unknown) =>
    deps.events.emit({ kind: "prediction_not_renewed", model, version, reason, detail, cause });
  let succeeded = false;
  try {
    // A run holds the isolate: the answer goes out first.
    await context.clock.after(0).done;
    const outcome = await renew(story);
    succeeded = outcome.ok;
    if (!outcome.ok) report(outcome.failure.reason, outcome.failure.detail, outcome.failure.cause);
    else deps.events.emit({ kind: "prediction_stale", model, version, ageMs });
  } catch (cause) {
    report("bug", String(cause), cause);
  }
  caching.predictions.renewals.end(key, succeeded);
}
