import type { Events, FreshetEvent } from "../../core/ports/events.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface ConsoleEventsOptions {
  readonly level: LogLevel;
  /** `text` for a terminal, `json` for a log collector. */
  readonly form: "text" | "json";
}

/** What of the console is used: tests give their own. */
export type Sink = Pick<Console, LogLevel>;

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Writes each event as one line of the console, at the level a person can live with. */
export function createConsoleEvents(options: ConsoleEventsOptions, sink: Sink): Events {
  const { level: least, form } = options;
  return {
    emit(event) {
      const level = levelOf(event);
      if (RANK[level] < RANK[least]) return;
      sink[level](form === "json" ? toJson(level, event) : toText(event));
    },
  };
}

/** Steps of a premium answer that somebody should know of. */
const TROUBLE: ReadonlySet<string> = new Set(["invalid", "failed", "dead", "not_queued"]);

function levelOf(event: FreshetEvent): LogLevel {
  switch (event.kind) {
    case "inference":
    case "prediction_stale":
    case "prediction_evicted":
    case "jobs_drained":
      return "debug";
    case "premium":
      return TROUBLE.has(event.stage) ? "warn" : "debug";
    case "tick":
      return event.failed > 0 || event.cold > 0 ? "warn" : "debug";
    case "version_failed":
    case "deployment_kept":
    case "deployment_gone":
    case "signature_unverified":
    case "served_from_backup":
    case "object_repaired":
    case "cached_bytes_dropped":
    case "version_object_refused":
    case "shared_cache_silent":
    case "prediction_not_renewed":
    case "prediction_redis_paused":
    case "records_not_written":
    case "conversation_not_written":
      return "warn";
    case "inference_refused":
      return event.status >= 500 ? "warn" : "debug";
    case "backup_ran":
      return event.failures > 0 ? "warn" : "info";
    case "engine_crashed":
      return "error";
    case "request_failed":
      return event.status >= 500 ? "error" : "debug";
    case "version_loaded":
    case "version_released":
    case "deployment_changed":
    case "audit_recorded":
    case "order_obeyed":
      return "info";
  }
}

function toJson(level: LogLevel, event: FreshetEvent): string {
  return JSON.stringify({
    level,
    ...event,
    ...("cause" in event && event.cause !== undefined ? { cause: describeCause(event.cause) } : {}),
  });
}

function toText(event: FreshetEvent): string {
  switch (event.kind) {
    case "version_loaded":
      return `loaded   ${event.model}@${event.version} ${size(event.sizeBytes)}, ${size(event.memoryBytes)} in memory, ${event.durationMs} ms from ${event.from}, sha256 ${event.digest.slice(0, 12)}`;
    case "cached_bytes_dropped":
      return `dropped  ${event.model}@${event.version} from the bytes cache: ${event.detail}, not ${event.digest}`;
    case "version_object_refused":
      return `refused  ${event.model}@${event.version} in the bucket, ${event.reason}: ${event.detail}`;
    case "version_failed":
      return `failed   ${event.model}@${event.version} ${event.reason}: ${event.detail}`;
    case "version_released":
      return `released ${event.model}@${event.version} ${event.why}, ${size(event.memoryBytes)}`;
    case "deployment_changed":
      return `changed  ${event.model} revision ${event.fromRev ?? "-"} -> ${event.toRev}`;
    case "deployment_kept":
      return `kept     ${event.model} as it was, ${event.reason}: ${event.detail}`;
    case "deployment_gone":
      return `gone     ${event.model} after revision ${event.rev}: ${event.detail}`;
    case "audit_recorded":
      return `audit    ${event.actor} ${event.action} ${[event.model, event.target].filter(Boolean).join(" ")} ${event.requestId}, sha256 ${event.sha256} at ${event.key}`;
    case "signature_unverified":
      return `unsigned ${event.model}@${event.version ?? event.digest.slice(0, 12)} ${event.reason}: ${event.detail}`;
    case "served_from_backup":
      return `backup   serves ${event.model}${event.version === undefined ? "" : `@${event.version}`}, ${event.reason}: ${event.detail}`;
    case "object_repaired":
      return `repaired ${event.key} was ${event.why}`;
    case "backup_ran":
      return `backup   ${event.copied} copied (${size(event.bytes)}), ${event.unchanged} unchanged, ${event.failures} failed${event.done ? "" : ", to be continued"}`;
    case "inference":
      return inferenceText(event);
    case "inference_refused":
      return refusedText(event);
    case "prediction_stale":
      return `stale    ${event.model}@${event.version} answered ${event.ageMs} ms old, made anew`;
    case "prediction_not_renewed":
      return `stale    ${event.model}@${event.version} could not be made anew, ${event.reason}: ${event.detail}`;
    case "premium":
      return premiumText(event);
    case "jobs_drained":
      return `jobs     ${event.completed} completed, ${event.failed} failed, ${event.dropped} dropped, ${event.durationMs} ms`;
    case "prediction_evicted":
      return `evicted  a prediction of ${event.model}@${event.version}, ${size(event.sizeBytes)}`;
    case "prediction_redis_paused":
      return `redis    is not asked for predictions for a while (${event.reason}): ${event.detail}`;
    case "records_not_written":
      return `records  not written (${event.reason}), ${event.pending} wait, ${event.lost} lost: ${event.detail}`;
    case "conversation_not_written":
      return `events   of ${event.conversation} not written (${event.reason}): ${event.detail} ${event.requestId}`;
    case "request_failed":
      return `error    ${event.status} ${event.reason}: ${event.detail} ${event.requestId}${event.cause === undefined ? "" : `\n${describeCause(event.cause)}`}`;
    case "shared_cache_silent":
      return `redis    does not answer (${event.reason}), asking the store: ${event.detail}`;
    case "order_obeyed":
      return `order    ${event.what} of ${event.model ?? "every model"}`;
    case "engine_crashed":
      return `crashed  the engine, running ${event.model}@${event.version}; it starts anew\n${describeCause(event.cause)}`;
    case "tick":
      return event.lease === "skipped"
        ? `tick     ${event.cron} skipped: another one is at it`
        : `tick     ${event.cron} ${event.checked} checked, ${event.changed} changed, ${event.kept} kept, ${event.failed} failed, ${event.warmed} warm, ${event.cold} cold, ${event.durationMs} ms, lease ${event.lease}`;
  }
}

/** `[cached|fast|iris@3]`: how it was come by, by which strategy, of what. */
const CACHE_WORDS = {
  hit: "cached",
  stale: "stale",
  miss: "missed",
  bypass: "bypassed",
  off: "uncached",
} as const;

function inferenceText(event: Extract<FreshetEvent, { kind: "inference" }>): string {
  const { cache, strategy, model, version, route, ageMs, tier, modelCache, rows } = event;
  const { job, predictionId } = event;
  const facts = [
    route,
    ...(ageMs === undefined ? [`model ${modelCache}`] : [`${tier}, ${ageMs} ms old`]),
    ...(rows === undefined ? [] : [`${rows} rows`]),
    `${event.durationMs} ms`,
    ...(job === undefined ? [] : [`job ${job}`]),
    ...(predictionId === undefined ? [] : [`prediction ${predictionId}`]),
  ];
  return `[${CACHE_WORDS[cache]}|${strategy}|${model}@${version}] ${facts.join(", ")} ${event.requestId}`;
}

/** `[503|store_unavailable|iris@3]`: status and code of what. */
function refusedText(event: Extract<FreshetEvent, { kind: "inference_refused" }>): string {
  const { status, code, model, version, route, rows, detail, cause } = event;
  const what = version === undefined ? (model ?? "-") : `${model}@${version}`;
  const facts = [
    ...(route === undefined ? [] : [route]),
    ...(rows === undefined ? [] : [`after ${rows} rows`]),
    `${event.durationMs} ms`,
  ];
  const why = cause === undefined ? "" : `\n${describeCause(cause)}`;
  return `[${status}|${code}|${what}] ${facts.join(", ")}: ${detail} ${event.requestId}${why}`;
}

function premiumText(event: Extract<FreshetEvent, { kind: "premium" }>): string {
  const { stage, model, version, strategy, durationMs, reason, detail, job, requestId } = event;
  const took = durationMs === undefined ? "" : `, ${durationMs} ms`;
  const why = [reason, detail].filter((word) => word !== undefined).join(": ");
  return `[${stage}|premium|${model}@${version}] by ${strategy}${took}${why === "" ? "" : `, ${why}`} ${job ?? "no job"} ${requestId}`;
}

const describeCause = (cause: unknown): string =>
  cause instanceof Error ? (cause.stack ?? String(cause)) : String(cause);

const size = (bytes: number): string =>
  bytes < 1024 * 1024
    ? `${(bytes / 1024).toFixed(1)} KiB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
