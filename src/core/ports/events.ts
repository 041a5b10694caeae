/** What happened, for logs and counters. Holds no secret and no tensor data. */
export type FreshetEvent =
  | {
      readonly kind: "version_loaded";
      readonly model: string;
      readonly version: string;
      readonly digest: string;
      readonly sizeBytes: number;
      readonly memoryBytes: number;
      readonly durationMs: number;
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
      readonly why: "evicted" | "unloaded" | "replaced";
      readonly memoryBytes: number;
    }
  | {
      readonly kind: "deployment_changed";
      readonly model: string;
      readonly fromRev: number | undefined;
      readonly toRev: number;
    }
  | {
      readonly kind: "deployment_kept";
      readonly model: string;
      readonly reason: string;
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
      readonly strategy: "fast";
      readonly modelCache: "hit" | "miss" | "collapsed";
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
      readonly kind: "tick";
      readonly cron: string;
      readonly checked: number;
      readonly changed: number;
      readonly kept: number;
    };

export interface Events {
  /** Never throws, never waits. */
  emit(event: FreshetEvent): void;
}
