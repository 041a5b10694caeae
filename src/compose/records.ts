import type { UpstashConfig } from "../adapters/upstash/client.ts";
import type { RedisGuard } from "../core/cache/redis-guard.ts";
import type { FlightContext } from "../core/cache/single-flight.ts";
import type { PredictionStore } from "../core/ports/prediction-store.ts";
import { PredictionRecorder } from "../core/quality/record-predictions.ts";
import type { RecorderDeps } from "../core/quality/records/record-writer.ts";
import type { SettledReport } from "../core/quality/settle-unsettled.ts";
import type { HttpDeps, RecordKeeping } from "../http/deps.ts";

/** Records of predictions and what writes them, one for the isolate. */
export function createRecordKeeping(
  config: UpstashConfig,
  guard: RedisGuard,
  deps: Pick<RecorderDeps, "digest" | "events" | "clock">,
  http: () => HttpDeps,
): RecordKeeping {
  const predictions = createLazyPredictionStore(config, guard);
  const onWritten: RecorderDeps["onWritten"] = async (records) => {
    const { entities } = http();
    if (entities === undefined) return;
    const [{ settleLate }, outcomeDeps] = await loadSettling(http(), predictions);
    await settleLate({ ...outcomeDeps, entities }, records);
  };
  // A turn of the event loop: the answer is on its way before a record is made.
  const afterAnswer = ({ clock }: FlightContext) => clock.after(0).done;
  return {
    predictions,
    recorder: new PredictionRecorder({ ...deps, predictions, afterAnswer, onWritten }),
  };
}

/** Settles what was predicted on an entity that is finished; loaded when the first one is. */
export const createOnEntityFinished =
  (
    http: () => HttpDeps,
    { predictions }: RecordKeeping,
  ): NonNullable<HttpDeps["onEntityFinished"]> =>
  async (finished) => {
    const [{ settleFinished }, outcomeDeps] = await loadSettling(http(), predictions);
    return settleFinished(outcomeDeps, finished);
  };

/** Milliseconds of a tick. */
const TICK_BUDGET_MS = 20_000;

/** Goes on with predictions whose entities are finished; loaded by the cron. */
export const createSettleUnsettled =
  (
    http: () => HttpDeps,
    { predictions }: RecordKeeping,
  ): (() => Promise<SettledReport | undefined>) =>
  async () => {
    const { entities, clock } = http();
    if (entities === undefined) return undefined;
    const [{ settleUnsettled }, { outcomeDepsOf }] = await Promise.all([
      import("../core/quality/settle-unsettled.ts"),
      import("../http/records/records-deps.ts"),
    ]);
    const deps = { ...outcomeDepsOf(http(), predictions), entities };
    return settleUnsettled(deps, clock.now() + TICK_BUDGET_MS);
  };

async function loadSettling(http: HttpDeps, predictions: PredictionStore) {
  const [settling, { outcomeDepsOf }] = await Promise.all([
    import("../core/quality/settle-entity.ts"),
    import("../http/records/records-deps.ts"),
  ]);
  return [settling, outcomeDepsOf(http, predictions)] as const;
}

/** The prediction store, loaded when it is first used: a cold start does not wait for it. */
function createLazyPredictionStore(config: UpstashConfig, guard: RedisGuard): PredictionStore {
  const load = async () => {
    const { createUpstashPredictionStore } = await import(
      "../adapters/upstash/prediction-store.ts"
    );
    return createUpstashPredictionStore(config);
  };
  return {
    add: (...given) => guard.ask(async () => (await load()).add(...given)),
    get: (...given) => guard.ask(async () => (await load()).get(...given)),
    setOutcomes: (...given) => guard.ask(async () => (await load()).setOutcomes(...given)),
    list: (...given) => guard.ask(async () => (await load()).list(...given)),
    nextToSettle: (...given) => guard.ask(async () => (await load()).nextToSettle(...given)),
    settle: (...given) => guard.ask(async () => (await load()).settle(...given)),
    unsettled: (...given) => guard.ask(async () => (await load()).unsettled(...given)),
    forgetUnsettled: (...given) => guard.ask(async () => (await load()).forgetUnsettled(...given)),
    counters: (...given) => guard.ask(async () => (await load()).counters(...given)),
    unarchived: (...given) => guard.ask(async () => (await load()).unarchived(...given)),
    markArchived: (...given) => guard.ask(async () => (await load()).markArchived(...given)),
  };
}
