import type { Strategy } from "../model/strategies.ts";

/** What happened, for logs and counters. Holds no secret and no tensor data. */
export type FreshetEvent =
  | {
      readonly kind: "version_loaded";
      readonly model: string;
      readonly version: string;
      readonly digest: string;
      /** Where its bytes came from. */
      readonly from: "bytes-cache" | "store" | "backup";
      readonly sizeBytes: number;
      readonly memoryBytes: number;
      readonly durationMs: number;
    }
  | {
      /** The data centre's cache gave bytes of another digest; the store was asked instead. */
      readonly kind: "cached_bytes_dropped";
      readonly model: string;
      readonly version: string;
      readonly digest: string;
      readonly detail: string;
    }
  | {
      /** What stands in the bucket under a loaded version is not that version; told once for each object. */
      readonly kind: "version_object_refused";
      readonly model: string;
      readonly version: string;
      readonly digest: string;
      readonly reason: "version_overwritten" | "bytes_missing";
      readonly detail: string;
    }
  | {
      readonly kind: "version_failed";
      readonly model: string;
      readonly version: string;
      readonly reason: string;
      readonly detail: string;
    }
  | {
      readonly kind: "version_released";
      readonly model: string;
      readonly version: string;
      readonly why: "evicted" | "unloaded" | "replaced" | "unrouted";
      readonly memoryBytes: number;
    }
  | {
      readonly kind: "deployment_changed";
      readonly model: string;
      readonly fromRev: number | undefined;
      readonly toRev: number;
    }
  | {
      /** Told once for each reason and pointer, however often it is looked at. */
      readonly kind: "deployment_kept";
      readonly model: string;
      readonly reason: string;
      readonly detail: string;
    }
  | {
      /** The bucket has no pointer of a model any more: nothing of Freshet removes one. */
      readonly kind: "deployment_gone";
      readonly model: string;
      /** The last one that was known. */
      readonly rev: number;
      readonly detail: string;
    }
  | {
      /** Kept where nobody who can write the bucket can reach: what to hold the audit chain against. */
      readonly kind: "audit_recorded";
      readonly key: string;
      readonly sha256: string;
      readonly actor: string;
      readonly action: string;
      readonly model?: string;
      readonly target?: string;
      readonly requestId: string;
    }
  | {
      readonly kind: "signature_unverified";
      readonly model: string;
      /** Missing while it is being published. */
      readonly version?: string;
      readonly digest: string;
      readonly reason: string;
      readonly detail: string;
    }
  | {
      /** A version or pointer was answered from the second bucket, and why not from the first. */
      readonly kind: "served_from_backup";
      readonly model: string;
      /** Missing for a pointer. */
      readonly version?: string;
      readonly reason: string;
      readonly detail: string;
    }
  | {
      /** The first bucket has again what it had lost or what was damaged in it. */
      readonly kind: "object_repaired";
      readonly key: string;
      readonly why: "missing" | "damaged";
    }
  | {
      readonly kind: "backup_ran";
      readonly copied: number;
      readonly unchanged: number;
      readonly bytes: number;
      readonly failures: number;
      readonly done: boolean;
    }
  | {
      readonly kind: "inference";
      readonly requestId: string;
      readonly model: string;
      readonly version: string;
      readonly digest: string;
      readonly strategy: Strategy;
      /** `production:2`, or the bare version. */
      readonly route: string;
      /**
       * What the prediction cache did. `stale`: answered past its time, and made anew behind it.
       * `bypass`: the caller wanted it computed. `off`: the model's answers are not kept.
       */
      readonly cache: "hit" | "stale" | "miss" | "bypass" | "off";
      /** Where the answer was kept; `none`: it was computed. */
      readonly tier: "isolate" | "redis" | "none";
      /** Of an answer that was kept. */
      readonly ageMs?: number | undefined;
      /** How the session was come by; `unused` for an answer that was kept. */
      readonly modelCache: "hit" | "miss" | "collapsed" | "unused";
      /** The durable job that will bring a better answer. */
      readonly job?: string | undefined;
      /** As the caller was told; missing where several rows were answered, each with one of its own. */
      readonly predictionId?: string | undefined;
      /** Of a request of rows: how many it had. */
      readonly rows?: number;
      readonly durationMs: number;
    }
  | {
      /** The one wide event of a prediction that was not answered, or not to its end. */
      readonly kind: "inference_refused";
      readonly requestId: string;
      readonly status: number;
      /** As in docs/errors.md. */
      readonly code: string;
      /** More than the caller is told, where the trouble is the store's. */
      readonly detail: string;
      /** What was asked for; missing where it is no model's name. */
      readonly model?: string | undefined;
      /** Missing where none was chosen, or by lot. */
      readonly version?: string | undefined;
      readonly route?: string | undefined;
      /** Of a stream that broke off: how many were answered. */
      readonly rows?: number | undefined;
      readonly durationMs: number;
      readonly cause?: unknown;
    }
  | {
      /** A prediction past its time was answered, and is being made anew. */
      readonly kind: "prediction_stale";
      readonly model: string;
      readonly version: string;
      readonly ageMs: number;
    }
  | {
      /** It is answered on until its stale time is over. */
      readonly kind: "prediction_not_renewed";
      readonly model: string;
      readonly version: string;
      readonly reason: string;
      readonly detail: string;
      readonly cause?: unknown;
    }
  | {
      readonly kind: "prediction_evicted";
      readonly model: string;
      readonly version: string;
      readonly sizeBytes: number;
    }
  | {
      /** Redis failed three times in a row: for a while no prediction is looked for in it. */
      readonly kind: "prediction_redis_paused";
      readonly reason: string;
      readonly detail: string;
    }
  | {
      /** Records of predictions wait for a store that does not take them, or could not be made. */
      readonly kind: "records_not_written";
      readonly reason: string;
      readonly detail: string;
      /** Records that wait in this isolate, and those that it has lost. */
      readonly pending: number;
      readonly lost: number;
      readonly cause?: unknown;
    }
  | {
      /** A prediction was answered, yet not appended to its conversation. */
      readonly kind: "conversation_not_written";
      readonly requestId: string;
      readonly conversation: string;
      readonly reason: string;
      readonly detail: string;
      readonly cause?: unknown;
    }
  | {
      /**
       * One step in the life of a premium answer. `waiting`: its job is in the queue. `late`: the
       * caller was answered before it came. `handed_over`: left to the cron.
       */
      readonly kind: "premium";
      readonly stage:
        | "waiting"
        | "started"
        | "valid"
        | "invalid"
        | "cached"
        | "completed"
        | "late"
        | "failed"
        | "handed_over"
        | "dead"
        | "dropped"
        | "not_queued";
      readonly requestId: string;
      /** The durable job; missing without Redis. */
      readonly job?: string;
      /** What was asked. */
      readonly model: string;
      readonly version: string;
      /** `model`, `oip` or `chat`. */
      readonly strategy: string;
      readonly reason?: string;
      readonly detail?: string;
      readonly durationMs?: number;
      readonly cause?: unknown;
    }
  | {
      /** What the cron did of the premium jobs that were due; told when there were any. */
      readonly kind: "jobs_drained";
      readonly completed: number;
      readonly failed: number;
      readonly dropped: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: "request_failed";
      readonly requestId: string;
      readonly status: number;
      readonly reason: string;
      readonly detail: string;
      readonly cause?: unknown;
    }
  | {
      readonly kind: "engine_crashed";
      readonly model: string;
      readonly version: string;
      readonly cause?: unknown;
    }
  | {
      /** Redis gave no answer to a check: the store is asked instead, until it does. */
      readonly kind: "shared_cache_silent";
      readonly reason: string;
      readonly detail: string;
    }
  | {
      /** This isolate did what somebody ordered all of them to do. */
      readonly kind: "order_obeyed";
      readonly what: "all" | "predictions" | "refresh";
      /** Missing: every model. */
      readonly model?: string;
    }
  | {
      readonly kind: "tick";
      readonly cron: string;
      readonly lease: "held" | "skipped" | "none" | "unavailable";
      readonly checked: number;
      readonly changed: number;
      readonly kept: number;
      /** Models whose pointer could not be read or taken. */
      readonly failed: number;
      /** Versions that are warm now, and those that should be and are not. */
      readonly warmed: number;
      readonly cold: number;
      readonly durationMs: number;
    };

export interface Events {
  /** Never throws, never waits. */
  emit(event: FreshetEvent): void;
}
