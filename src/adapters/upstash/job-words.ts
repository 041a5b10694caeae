import type {
  JobDraft,
  JobEnd,
  JobLease,
  JobLimits,
  JobState,
} from "../../core/ports/job-store.ts";

/** Numbers are whole ones: times, sizes, counts. */
export type Word = string | number;

const MINUTE_MS = 60_000;

/** {token, leaseEnd, minute}. */
export const leaseWords = ({ token, leaseMs }: JobLease, nowMs: number): readonly Word[] => [
  token,
  nowMs + leaseMs,
  Math.floor(nowMs / MINUTE_MS),
];

/** {id, key, work, token, leaseEnd, minute}, then the job's fields in pairs; what is not given is no field. */
export function enqueueWords(
  draft: JobDraft,
  { maxRunning, perMinute }: JobLimits,
  lease: JobLease | undefined,
  nowMs: number,
): readonly Word[] {
  const { id, key, work, conversationId } = draft;
  const leased = lease === undefined ? ["", "", ""] : leaseWords(lease, nowMs);
  return [
    ...[id, key, work, ...leased],
    ...["model", draft.model, "version", draft.version, "strategy", draft.strategy],
    ...["request_id", draft.requestId, "attempts", draft.attempts, "max_running", maxRunning],
    ...(perMinute === undefined ? [] : ["per_minute", perMinute]),
    ...(conversationId === undefined ? [] : ["conversation", conversationId]),
  ];
}

/** {kind, reason, retryAt, duration}; a part that the end has not is empty. */
export const endWords = (end: JobEnd): readonly Word[] => [
  end.kind,
  "reason" in end ? end.reason : "",
  "retryAtMs" in end ? end.retryAtMs : "",
  "durationMs" in end ? end.durationMs : "",
];

/** The list of a state, of a model, of both or of all. */
export function indexOf(state: JobState | undefined, model: string | undefined): string {
  const ofModel = model === undefined ? undefined : `model:${model}`;
  if (state === undefined) return ofModel ?? "all";
  return ofModel === undefined ? `state:${state}` : `state:${state}:${ofModel}`;
}
