import { fail, ok, type Result } from "../../../core/model/result.ts";
import type { OipStrategy } from "../../../core/model/strategies.ts";
import { writeJsonTensors } from "../../../core/model/write-json-data.ts";
import type { RemoteFailure, RemoteQuestion } from "../../../core/ports/remote-models.ts";
import type { Exchange } from "../exchange.ts";
import { notAllowed, remoteFailure } from "../failures.ts";
import { readAnswer } from "./read-answer.ts";

/**
 * One inference in the protocol's JSON form, with the wanted outputs named.
 * Source: Open Inference Protocol, "Inference".
 */
export function oipExchange(
  base: URL,
  { reference }: OipStrategy,
  { inputs, outputs, requestId }: RemoteQuestion,
): Result<Exchange, RemoteFailure> {
  const path = pathOf(reference);
  if (!path.ok) return notAllowed(path.failure.detail);
  const wanted = outputs.map(({ name }) => ({ name }));
  return ok({
    url: `${base.origin}${base.pathname.replace(/\/+$/, "")}${path.value}`,
    body: `{"id":${JSON.stringify(requestId)},"inputs":[${writeJsonTensors(inputs)}],"outputs":${JSON.stringify(wanted)}}`,
    read(text) {
      const answer = readAnswer(text, outputs);
      // It would say the same again.
      return answer.ok
        ? answer
        : remoteFailure("remote_invalid_answer", answer.failure.detail, false);
    },
  });
}

/** The route of `model` or `model@version`, as the other server has it. */
export function pathOf(
  reference: string,
): Result<string, { readonly reason: "bad_reference"; readonly detail: string }> {
  const at = reference.lastIndexOf("@");
  const model = at < 0 ? reference : reference.slice(0, at);
  const version = at < 0 ? undefined : reference.slice(at + 1);
  if (!isSegment(model) || (version !== undefined && !isSegment(version))) {
    return fail({ reason: "bad_reference", detail: "the reference is no model or model@version" });
  }
  const below = version === undefined ? "" : `/versions/${encodeURIComponent(version)}`;
  return ok(`/v2/models/${encodeURIComponent(model)}${below}/infer`);
}

/** One step of a path: dots alone would lead elsewhere, and a lone surrogate (of \p{C}) has no UTF-8. */
const isSegment = (text: string): boolean =>
  /^[^\s\p{C}]+$/u.test(text) && text !== "." && text !== "..";
