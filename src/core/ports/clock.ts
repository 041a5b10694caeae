/** Time from outside. Deployed Workers' clocks stand still while code computes: time only what crosses I/O. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Resolves after `ms`, in the caller's own request context; `cancel` frees the timer. */
  after(ms: number): { readonly done: Promise<void>; cancel(): void };
}
