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
