import type { LoadedVersion } from "../../cache/model-cache.ts";
import type { Deployment } from "../../model/deployment.ts";
import type { MaybePromise } from "../../model/maybe-promise.ts";
import type { Result } from "../../model/result.ts";
import { sizeOfData, type Tensor } from "../../model/tensor.ts";
import type { EngineSession, RunFailure } from "../../ports/engine.ts";
import { joinRows, splitRows } from "../rows/split-rows.ts";
import { batchingOf } from "./batching-policy.ts";
import { InFlight } from "./in-flight.ts";
import { MAX_RUN_BYTES, type WaitingRow, WaitingRows } from "./waiting-rows.ts";

/** What a row costs besides its data. */
const ROW_BYTES = 64;

export interface JoinRunsDeps {
  /** As far as this isolate knows it. No I/O. */
  readonly deploymentOf: (model: string) => Pick<Deployment, "batching"> | undefined;
}

/** Runs the graph on several rows at once; `undefined` when the session has left the cache. */
export type RunJoined = (
  inputs: readonly Tensor[],
) => MaybePromise<Result<readonly Tensor[], RunFailure>> | undefined;

type Ran = Awaited<ReturnType<RunJoined>>;

/**
 * Puts single rows of concurrent requests for one version into one run, where the deployment says
 * so. A request puts its row in, waits for a timer of its own, and finds its share then, or leads
 * a run of all that wait, or runs alone. Nobody ever waits for another request's promise: workerd
 * ends whoever does, and the one that was waited for may be gone.
 */
export class JoinRuns {
  /** Requests being answered, as the door counts them. */
  readonly inFlight = new InFlight();
  readonly #deps: JoinRunsDeps;
  readonly #waiting = new WeakMap<LoadedVersion, WaitingRows>();
  /** Digests of graphs that are not run with several rows, for as long as the isolate lives. */
  readonly #alone = new Set<string>();
  /**
   * Digests of versions whose rows are being joined. Who runs at once and alone is gone before
   * the next one is seen, so that few ever seem to be in flight; those who wait are all seen. So
   * joining that has begun goes on until half as many are there as it takes to begin.
   */
  readonly #busy = new Set<string>();

  #isWanted = false;

  constructor(deps: JoinRunsDeps) {
    this.#deps = deps;
  }

  /** Whether a model asked for here has batching: else the door need not count. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /**
   * Puts a request's row in; `undefined`, and nothing else done, when it is to be run at once.
   * @param inputs checked against the session's, in its order
   */
  enter(
    loaded: LoadedVersion,
    inputs: readonly Tensor[],
    outputs: readonly string[],
  ): WaitingRow | undefined {
    const batching = batchingOf(this.#deps.deploymentOf(loaded.model));
    if (batching === undefined) return undefined;
    this.#isWanted = true;
    const isBusy = this.#busy.has(loaded.digest);
    if (this.inFlight.count < batching.minConcurrency && !isBusy) return undefined;
    if (!inputs.every(({ shape }) => shape[0] === 1) || !this.#mayJoin(loaded)) return undefined;
    const bytes = ROW_BYTES + sizeOfData(inputs);
    if (2 * bytes > MAX_RUN_BYTES) return undefined;
    const row: WaitingRow = {
      inputs,
      outputs,
      kind: kindOf(inputs, outputs),
      bytes,
      batching,
      isWaiting: true,
      share: undefined,
    };
    this.#waitingFor(loaded).put(row);
    this.#busy.add(loaded.digest);
    return row;
  }

  /**
   * Runs a row that waits with all that wait beside it, and leaves each its share. None has one
   * when there was only this row, or when the run failed: then each is run alone, as if nobody
   * had been joined.
   * @returns the failure of the run, which is nobody's answer
   */
  async lead(
    loaded: LoadedVersion,
    leader: WaitingRow,
    run: RunJoined,
    now: () => number,
  ): Promise<RunFailure | undefined> {
    const rows = this.#waitingFor(loaded).take(leader);
    if (2 * this.inFlight.count <= leader.batching.minConcurrency) this.#busy.delete(loaded.digest);
    if (rows.length === 1) return undefined;
    const runAtMs = now();
    const ran = await this.#runAll(loaded, rows, run);
    if (ran === undefined) return undefined;
    if (!ran.ok) {
      // Whoever crashes the engine is to do so once a request, not twice.
      if (ran.failure.reason === "engine_crashed") this.#alone.add(loaded.digest);
      return ran.failure;
    }
    const split = splitRows(ran.value, rows.length);
    if (split === undefined) this.#alone.add(loaded.digest);
    const endedAtMs = now();
    for (const [index, outputs] of split?.entries() ?? []) {
      const row = rows[index];
      const ledRows = index === 0 ? rows.length : 0;
      if (row !== undefined) row.share = { outputs, ledRows, runAtMs, endedAtMs };
    }
    return undefined;
  }

  async #runAll(loaded: LoadedVersion, rows: readonly WaitingRow[], run: RunJoined): Promise<Ran> {
    try {
      const running = run(joinRows(rows.map(({ inputs }) => inputs)));
      if (!(running instanceof Promise)) return running;
      // Whose timer fires meanwhile runs alone: with such an engine there is nothing to be gained.
      this.#alone.add(loaded.digest);
      return await running;
    } catch {
      // A bug, or no memory to put them together: each meets it, or does not, by its own run.
      return undefined;
    }
  }

  /** Whether the graph's own words allow it; what they leave open the first run tells. */
  #mayJoin({ digest, session }: LoadedVersion): boolean {
    if (this.#alone.has(digest)) return false;
    if (takesRows(session)) return true;
    this.#alone.add(digest);
    return false;
  }

  #waitingFor(loaded: LoadedVersion): WaitingRows {
    const known = this.#waiting.get(loaded);
    if (known !== undefined) return known;
    const waiting = new WaitingRows();
    this.#waiting.set(loaded, waiting);
    return waiting;
  }
}

const takesRows = ({ inputs, outputs }: EngineSession): boolean =>
  inputs.length > 0 &&
  inputs.every(({ shape }) => shape[0] === -1) &&
  outputs.every(({ shape }) => (shape[0] ?? -1) === -1);

const kindOf = (inputs: readonly Tensor[], outputs: readonly string[]): string =>
  JSON.stringify([outputs, inputs.map(({ shape }) => shape)]);
