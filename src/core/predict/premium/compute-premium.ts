import type { AnsweringVersion } from "../../cache/known-versions.ts";
import type { FlightContext } from "../../cache/single-flight.ts";
import type { ServeFailure } from "../../model/failure.ts";
import { parseReferenceWord } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ModelStrategy } from "../../model/strategies.ts";
import { specsOf, type Tensor } from "../../model/tensor.ts";
import type { RemoteModels } from "../../ports/remote-models.ts";
import { compute } from "../compute.ts";
import type { InferDeps } from "../inference.ts";
import type { PremiumWork } from "./premium-work.ts";
import { validateAnswer } from "./validate-answer.ts";

export interface ComputePremiumDeps {
  readonly serve: InferDeps;
  readonly remote: RemoteModels;
}

/** A valid answer, and what gave it. */
export interface PremiumAnswer {
  readonly by: Pick<AnsweringVersion, "model" | "version" | "digest">;
  readonly outputs: readonly Tensor[];
}

export interface PremiumFailure {
  readonly reason: string;
  /** One line for a log. */
  readonly detail: string;
  /** Whether another attempt may do better. */
  readonly mayRetry: boolean;
  /** It answered, and not so that it could be taken. */
  readonly isInvalid: boolean;
  readonly cause?: unknown;
}

type Answered = Result<PremiumAnswer, PremiumFailure>;

/**
 * Asks the premium model and checks its answer. A remote one within `deadlineMs`; one in this
 * isolate runs to its end, as nothing can stop the engine.
 */
export async function computePremium(
  deps: ComputePremiumDeps,
  context: FlightContext,
  work: PremiumWork,
  deadlineMs: number,
): Promise<Answered> {
  const { strategy } = work;
  const answered =
    strategy.kind === "model"
      ? await runHere(deps.serve, context, work, strategy)
      : await askRemote(deps.remote, context, work, deadlineMs);
  if (!answered.ok) return answered;
  const { inputSpecs, outputSpecs, outputs: wanted, inputs } = work;
  const rules = {
    ...{ inputSpecs, outputSpecs, wanted, inputs, schema: strategy.schema },
    classes: work.classes,
    areShares: strategy.kind === "chat",
  };
  const valid = await validateAnswer(rules, answered.value.outputs);
  if (valid.ok) return ok({ ...answered.value, outputs: valid.value });
  // A model gives the same answer again; a chat may not.
  const mayRetry = strategy.kind === "chat";
  return fail({ ...valid.failure, mayRetry, isInvalid: true });
}

async function runHere(
  serve: InferDeps,
  context: FlightContext,
  work: PremiumWork,
  strategy: ModelStrategy,
): Promise<Answered> {
  const reference = parseReferenceWord(strategy.reference);
  if (!reference.ok) return lost(reference.failure);
  const request = {
    reference: reference.value,
    stickiness: () => ({ routingKey: work.requestId, random: () => 0 }),
    inputs: work.inputs,
    outputs: work.outputs,
    renews: true,
  };
  const ran = await compute(serve, context, request, context.clock.now());
  if (!ran.ok) return lost(ran.failure);
  const { loaded, outputs } = ran.value;
  const { classes } = loaded.manifest;
  if (classes.join("\n") !== work.classes.join("\n")) {
    const detail = `${loaded.model}@${loaded.version} has other classes, or in another order`;
    return fail({ reason: "other_classes", detail, mayRetry: false, isInvalid: true });
  }
  const { model, version, digest } = loaded;
  return ok({ by: { model, version, digest }, outputs });
}

const TRANSIENT: ReadonlySet<string> = new Set(["model_unavailable", "store_unavailable"]);

const lost = ({ reason, detail, cause }: ServeFailure): Answered =>
  fail({ reason, detail, mayRetry: TRANSIENT.has(reason), isInvalid: false, cause });

async function askRemote(
  remote: RemoteModels,
  context: FlightContext,
  work: PremiumWork,
  deadlineMs: number,
): Promise<Answered> {
  const { strategy, inputs, classes, requestId } = work;
  if (strategy.kind === "model") throw new Error("a model of this registry is not remote");
  const outputs = specsOf(work.outputs, work.outputSpecs);
  const question = { strategy, inputs, outputs, classes, deadlineMs, requestId };
  const answered = await remote.ask(context, question);
  if (answered.ok) {
    const { model, version } = answered.value;
    return ok({ by: { model, version, digest: "" }, outputs: answered.value.outputs });
  }
  const { reason, detail, mayRetry, cause } = answered.failure;
  return fail({ reason, detail, mayRetry, isInvalid: reason === "remote_invalid_answer", cause });
}
