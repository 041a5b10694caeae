import { fail, ok, type Result } from "../../model/result.ts";
import { zeroRow } from "../../model/zero-row.ts";
import type { EngineSession } from "../../ports/engine.ts";
import type { RegistryFailure } from "../registry-failure.ts";

/**
 * Runs a session on one row of zeros. A model that loads but has no memory left for a row answers
 * nobody, and one that crashes the engine takes every other with it. Whether zeros make sense to
 * it is not asked.
 */
export async function runOneRow(
  session: EngineSession,
): Promise<Result<undefined, RegistryFailure>> {
  const row = zeroRow(session.inputs);
  if (row === undefined) return ok(undefined);
  const outputs = session.outputs.map(({ name }) => name);
  const ran = await session.run(row, outputs);
  if (ran.ok) return ok(undefined);
  const { reason, detail } = ran.failure;
  switch (reason) {
    case "rejected_input":
    case "engine_lost":
      return ok(undefined);
    case "out_of_memory":
      return fail({
        reason: "model_too_large",
        detail: `it loads, and leaves no memory to answer one row (${detail})`,
      });
    case "engine_crashed":
      return fail({
        reason: "unsupported_model",
        detail: "the engine crashes when it runs the model on one row of zeros",
      });
  }
}
