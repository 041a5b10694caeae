import type { Deployment } from "../../model/deployment.ts";

/** How a model's predictions become records. */
export interface RecordPolicy {
  /** Share that is recorded, 0 to 1. */
  readonly rate: number;
  readonly ttlMs: number;
  readonly logsInputs: boolean;
}

/** By which door a prediction went out: rows of `/v1`, or tensors of `/v2`. */
export type RecordDoor = "rows" | "tensors";

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;

/**
 * What a deployment says of records, completed: rows are recorded unless it says otherwise, and
 * tensors are not. `undefined`: none at all. No I/O.
 */
export function recordPolicyOf(
  deployment: Pick<Deployment, "record"> | undefined,
  door: RecordDoor,
): RecordPolicy | undefined {
  const {
    rate = door === "rows" ? 1 : 0,
    days = DEFAULT_DAYS,
    log_inputs = false,
  } = deployment?.record ?? {};
  return rate > 0 ? { rate, ttlMs: days * DAY_MS, logsInputs: log_inputs } : undefined;
}

/** Whether one prediction is among those recorded; `random` gives 0 ≤ r < 1. */
export const isRecorded = ({ rate }: RecordPolicy, random: () => number): boolean =>
  rate >= 1 || random() < rate;
