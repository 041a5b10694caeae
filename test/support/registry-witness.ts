import type { Stack } from "../../infra/local/stack.ts";
import type { ApiAnswer } from "./call-api.ts";
import type { Injected } from "./fault-proxy.ts";
import { type FaultyStack, startFaultyStack } from "./faulty-stack.ts";
import type { Deed } from "./registry-deeds.ts";
import { findProblems, snapshotVersions } from "./registry-invariants.ts";
import { revOf, seedModel } from "./seeded-model.ts";
import { startTestStack } from "./stack.ts";
import type { WriteFault } from "./write-faults.ts";

/** A Worker whose writes go wrong, and another isolate that has seen nothing of it and reads the bucket itself. */
export interface WitnessedStack {
  readonly faulty: FaultyStack;
  readonly witness: Stack;
  /** Does a deed on a model of its own while its writes that match meet the fault, and again without. */
  attempt(deed: Deed, place: (model: string) => RegExp, fault: WriteFault): Promise<Attempt>;
  stop(): Promise<void>;
}

/** What came of a deed. `problems`: of the registry in the bucket. */
export interface Attempt {
  readonly hits: number;
  readonly model: string;
  readonly first: ApiAnswer;
  /** As the other isolate sees it, right after the answer. */
  readonly isDone: boolean;
  readonly problems: readonly string[];
  /** The same request with the same `Idempotency-Key` to the other isolate. */
  readonly repeat: ApiAnswer;
  readonly isDoneThen: boolean;
  readonly problemsThen: readonly string[];
  /** By how much the pointer's revision has risen by all that. */
  readonly moves: number;
}

const WITHOUT_REDIS = { UPSTASH_REDIS_REST_URL: "" };
const MARKS_OF_ONE = 4;

export async function startWitnessedStack(): Promise<WitnessedStack> {
  const faulty = await startFaultyStack(WITHOUT_REDIS);
  const witness = await startTestStack({ ...faulty.direct, ...WITHOUT_REDIS });
  const { store, s3, stack } = faulty;
  let models = 0;
  return {
    faulty,
    witness,
    async attempt(deed, place, { fault, aim }) {
      models += 1;
      const [model, mark] = [`m${models}`, models * MARKS_OF_ONE];
      const rev = await seedModel(store, model, mark);
      const before = await snapshotVersions(store, model);
      const key = crypto.randomUUID();
      const injected: Injected = s3.inject(place(model), fault, aim);
      const first = await deed.send(stack.url, model, mark, key);
      const isDone = await deed.isDone(witness.url, model);
      const problems = await findProblems(store, model, before);
      injected.lift();
      const repeat = await deed.send(witness.url, model, mark, key);
      return {
        hits: injected.hits,
        model,
        first,
        isDone,
        problems,
        repeat,
        isDoneThen: await deed.isDone(witness.url, model),
        problemsThen: await findProblems(store, model, before),
        moves: (await revOf(store, model)) - rev,
      };
    },
    async stop() {
      await witness.stop();
      await faulty.stop();
    },
  };
}

/** A refusal that says that the write may be tried again. */
export const isRetryable = ({ status, headers, body }: ApiAnswer): boolean =>
  [409, 503].includes(status) &&
  ["store_unavailable", "audit_unavailable", "revision_conflict"].includes(body.code) &&
  headers.get("content-type")?.startsWith("application/problem+json") === true &&
  Number(headers.get("retry-after")) > 0;

export const isSuccess = ({ status }: ApiAnswer): boolean => status >= 200 && status < 300;
