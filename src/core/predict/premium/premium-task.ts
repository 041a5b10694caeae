import type { Breaker } from "../../cache/breaker.ts";
import type { CachedPrediction } from "../../cache/cached-prediction.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Digest } from "../../ports/digest.ts";
import type { Story } from "../inference.ts";
import type { PremiumPlaces } from "./premium-places.ts";
import type { AttemptDeps } from "./run-attempt.ts";

export interface PremiumDeskDeps extends AttemptDeps {
  readonly clock: Pick<Clock, "now">;
  readonly digest: Digest;
  readonly newId: () => string;
  /** Which part of Redis' key space is in use; `undefined` when Redis does not say so in time. */
  readonly epoch: (deadlineMs: number) => Promise<string | undefined>;
  readonly settings: PremiumSettings;
}

export interface PremiumSettings {
  /** What a request waits for Redis at most, for each of the two questions it may have. */
  readonly redisDeadlineMs: number;
  /** Of an attempt whose strategy does not say. */
  readonly timeoutMs: number;
  /** After which somebody else takes over a job whose holder is silent. */
  readonly leaseMs: number;
}

/** A premium answer that this isolate waits for, or has given up for a while. */
export interface Task {
  /** Of the cache when it was asked for: what is cleared since has to be asked for anew. */
  readonly generation: number;
  /** Nobody asks for it anew before. */
  readonly untilMs: number;
  /** The durable job that will bring it. */
  job?: string;
  /** Settles once it is known whether there is an answer already, or a job. */
  opening?: Promise<void> | undefined;
  /** The attempt that runs in this isolate. */
  flight?: Promise<CachedPrediction | undefined>;
  /** What the attempt brought. */
  landed?: CachedPrediction | undefined;
  /** When Redis was last asked for it. */
  lookedAtMs: number;
  /** How long it is not asked again. */
  lookPauseMs: number;
  /** Somebody was answered without it. */
  isLate?: boolean;
}

/** Before Redis is asked for it again; doubled each time. */
const LOOK_MS = 1_000;

export const newTask = ({
  generation,
  untilMs,
  nowMs,
}: Pick<Task, "generation" | "untilMs"> & { readonly nowMs: number }): Task => ({
  generation,
  untilMs,
  lookedAtMs: nowMs,
  lookPauseMs: LOOK_MS,
});

/** What the beginning of a premium answer needs of the desk it is asked for at. */
export interface Desk {
  readonly deps: PremiumDeskDeps;
  /** Keeps requests from asking a queue that does not answer. */
  readonly breaker: Breaker;
  readonly places: PremiumPlaces;
  /** Keeps an answer that an attempt has brought. */
  landed(story: Story, task: Task, prediction: CachedPrediction | undefined): void;
}
