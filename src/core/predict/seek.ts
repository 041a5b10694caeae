import type { KnownVersion } from "../cache/known-versions.ts";
import { outputsKey } from "../cache/prediction-key.ts";
import type { ServeFailure } from "../model/failure.ts";
import { ok, type Result } from "../model/result.ts";
import { checkInputs } from "./check-inputs.ts";
import { chooseOutputs } from "./choose-outputs.ts";
import type { InferRequest, Sought } from "./inference.ts";

/** Checks a request against a version's own words and takes from it what an answer depends on. */
export function seek(version: KnownVersion, request: InferRequest): Result<Sought, ServeFailure> {
  const given =
    typeof request.inputs === "function" ? request.inputs(version.inputs) : ok(request.inputs);
  if (!given.ok) return given;
  const inputs = checkInputs(version.inputs, given.value);
  if (!inputs.ok) return inputs;
  const outputs = chooseOutputs(version.outputs, request.outputs);
  if (!outputs.ok) return outputs;
  const wantsAll = request.outputs === undefined || request.outputs.length === 0;
  return ok({
    version,
    parts: {
      prefix: version.keyPrefix,
      outputs: wantsAll ? version.allOutputsKey : outputsKey(outputs.value),
      inputs: inputs.value,
      slot: request.keySlot,
    },
    outputs: outputs.value,
    request: {
      reference: { model: version.model, selector: { kind: "version", version: version.version } },
      stickiness: request.stickiness,
      inputs: inputs.value,
      outputs: outputs.value,
    },
  });
}
