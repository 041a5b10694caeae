import { LRUCache } from "lru-cache";
import type { Deployment } from "../model/deployment.ts";
import { routedVersions } from "./resolve.ts";

/** Why a model goes on with what it had, as the newer state could not be taken; or why it is refused. */
export interface Degraded {
  readonly reason: string;
  readonly detail: string;
  readonly sinceMs: number;
  /** The store's validator of the pointer that could not be taken, where one was read. */
  readonly pointerEtag?: string | undefined;
}

/** One model's deployment as this isolate knows it. */
export interface CatalogEntry {
  readonly deployment: Deployment;
  readonly etag: string;
  /** When the store last confirmed it. */
  readonly checkedAtMs: number;
  /** When somebody last tried to confirm it, with or without luck. */
  readonly triedAtMs: number;
  readonly degraded?: Degraded;
}

const MAX_MODELS = 10_000;
/** By size and not by `max`, which reserves room for all of them at every cold start. */
const WITHIN_MAX_MODELS = { maxSize: MAX_MODELS, sizeCalculation: () => 1 };
const MAX_ABSENT = 1_000;
/** The reason of a model whose pointer was there and is not any more. */
export const GONE = "pointer_missing";
const MAX_LOST = 1_000;

/** The snapshot of deployments that an isolate works from. Plain data: crosses requests freely. */
export class Catalog {
  readonly #entries = new LRUCache<string, CatalogEntry>(WITHIN_MAX_MODELS);
  // Names that the store did not know, with the time until which that is believed.
  readonly #absent = new LRUCache<string, number>({ max: MAX_ABSENT });
  // Aliases by model whose versions were here and had to leave.
  readonly #served = new LRUCache<string, Set<string>>(WITHIN_MAX_MODELS);
  // Why nothing is known of models that there are, or were: their pointers are gone, or unreadable.
  readonly #lost = new LRUCache<string, Degraded>({ maxSize: MAX_LOST, sizeCalculation: () => 1 });
  // What is wrong beneath a model, which confirming its pointer does not end.
  readonly #marks = new Map<string, Degraded>();

  get(model: string): CatalogEntry | undefined {
    const entry = this.#entries.get(model);
    if (this.#marks.size === 0 || entry === undefined || entry.degraded !== undefined) return entry;
    const degraded = this.#marks.get(model);
    return degraded === undefined ? entry : { ...entry, degraded };
  }

  set(model: string, entry: CatalogEntry): void {
    this.#absent.delete(model);
    this.#lost.delete(model);
    this.#entries.set(model, entry);
  }

  /** Says why a model has no entry although it had one, or should have; until it has one. */
  setLost(model: string, why: Omit<Degraded, "sinceMs">, nowMs: number): void {
    const known = this.#lost.get(model);
    const sinceMs = known?.reason === why.reason ? known.sinceMs : nowMs;
    this.#lost.set(model, { ...why, sinceMs });
  }

  lost(model: string): Degraded | undefined {
    return this.#entries.has(model) ? undefined : this.#lost.get(model);
  }

  lostModels(): readonly string[] {
    return [...this.#lost.keys()].filter((model) => !this.#entries.has(model));
  }

  /** A loaded version leaves the isolate: whoever asked for it by an alias will ask again. */
  versionLeft(model: string, version: string): void {
    const aliases = Object.entries(this.#entries.peek(model)?.deployment.aliases ?? {});
    const left = aliases.filter(([, route]) => routedVersions(route).includes(version));
    if (left.length === 0) return;
    const served = this.#served.get(model) ?? new Set();
    for (const [alias] of left) served.add(alias);
    this.#served.set(model, served);
  }

  /** Whether an alias has answered here by a version that is not loaded any more. */
  hasServed(model: string, alias: string): boolean {
    return this.#served.peek(model)?.has(alias) ?? false;
  }

  /** Forgets a model and believes in its absence until `untilMs`. */
  setAbsent(model: string, untilMs: number): void {
    this.#entries.delete(model);
    // What could not be read is not there now.
    if (this.#lost.get(model)?.reason !== GONE) this.#lost.delete(model);
    this.#absent.set(model, untilMs);
  }

  isAbsent(model: string, nowMs: number): boolean {
    return nowMs < (this.#absent.get(model) ?? 0);
  }

  /** Marks a model degraded until it is marked anew, whatever becomes of its pointer; `undefined`: not any more. */
  mark(model: string, degraded: Degraded | undefined): void {
    if (degraded === undefined) this.#marks.delete(model);
    else this.#marks.set(model, degraded);
  }

  /** Drops what is known of a model, presence and absence alike. */
  forget(model: string): void {
    this.#entries.delete(model);
    this.#absent.delete(model);
    this.#served.delete(model);
  }

  /** Names of all models that are known, the longest unconfirmed first. */
  byAge(): readonly string[] {
    return [...this.#entries.entries()]
      .sort(([, a], [, b]) => a.triedAtMs - b.triedAtMs)
      .map(([model]) => model);
  }
}
