import type { CachedPrediction } from "../../cache/cached-prediction.ts";
import type { PremiumStrategy } from "../../model/strategies.ts";
import type { Story } from "../inference.ts";
import { beginPremium } from "./begin-premium.ts";
import type { PremiumInRedis } from "./premium-in-redis.ts";
import { type Desk, newTask } from "./premium-task.ts";

/** Has a stale answer made anew behind the request that was given it, once for the isolate. */
export function renewLater(
  desk: Desk,
  inRedis: PremiumInRedis,
  story: Story,
  strategy: PremiumStrategy,
  stale: CachedPrediction,
): void {
  const { caching, context, key } = story;
  if (!caching.predictions.renewals.claim(key, context.clock.now())) return;
  context.background.keep(renew(desk, inRedis, story, strategy, stale));
}

/** Never rejects. */
async function renew(
  desk: Desk,
  inRedis: PremiumInRedis,
  story: Story,
  strategy: PremiumStrategy,
  stale: CachedPrediction,
): Promise<void> {
  const { model, version } = story.sought.version;
  const ageMs = Math.max(0, story.context.clock.now() - stale.createdAtMs);
  let succeeded = false;
  try {
    succeeded = await makeAnew(desk, inRedis, story, strategy, stale);
    // Why it was not is told by the steps of the attempt.
    if (succeeded) desk.deps.events.emit({ kind: "prediction_stale", model, version, ageMs });
  } catch {
    succeeded = false;
  }
  story.caching.predictions.renewals.end(story.key, succeeded);
}

async function makeAnew(
  desk: Desk,
  inRedis: PremiumInRedis,
  story: Story,
  strategy: PremiumStrategy,
  { createdAtMs }: CachedPrediction,
): Promise<boolean> {
  const { caching, context } = story;
  const redisKey = await inRedis.keyOf(story, strategy);
  const isSilent = redisKey === undefined && caching.predictions.redis !== undefined;
  const shared = await inRedis.find(story, redisKey, strategy);
  if (shared !== undefined && shared.createdAtMs > createdAtMs) return true;
  if (isSilent) return false;
  const nowMs = context.clock.now();
  const task = newTask({ generation: caching.predictions.generation, nowMs, untilMs: nowMs });
  await beginPremium(desk, story, strategy, { task, redisKey, newerThanMs: createdAtMs + 1 });
  await task.flight;
  return task.landed !== undefined;
}
