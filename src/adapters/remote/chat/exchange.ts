import { batchOf } from "../../../core/model/batch.ts";
import { ok, type Result } from "../../../core/model/result.ts";
import type { ChatStrategy } from "../../../core/model/strategies.ts";
import type { RemoteFailure, RemoteQuestion } from "../../../core/ports/remote-models.ts";
import type { Exchange } from "../exchange.ts";
import { remoteFailure } from "../failures.ts";
import { fillPrompt } from "./fill-prompt.ts";
import { readAnswer } from "./read-answer.ts";

/** Endpoints in JSON mode want the word JSON in a message, and models want to be told. */
const SYSTEM = "Answer with one JSON object and nothing else.";

/**
 * One chat completion in JSON mode, at temperature 0 unless the strategy says otherwise.
 * Source: OpenAI API reference, "Create chat completion".
 */
export function chatExchange(
  url: URL,
  strategy: ChatStrategy,
  { inputs, outputs, classes }: RemoteQuestion,
): Result<Exchange, RemoteFailure> {
  const prompt = fillPrompt(strategy.prompt, { inputs, outputs, classes });
  if (!prompt.ok) return remoteFailure("remote_refused", prompt.failure.detail, false);
  const { chat_model, system = SYSTEM, temperature = 0, max_tokens, map = {} } = strategy;
  const body = {
    model: chat_model,
    messages: [
      { role: "system", content: system },
      { role: "user", content: prompt.value },
    ],
    temperature,
    ...(max_tokens === undefined ? {} : { max_tokens }),
    response_format: { type: "json_object" },
  };
  const wish = { outputs, classes, batch: batchOf(inputs), map };
  return ok({
    url: url.href,
    body: JSON.stringify(body),
    read(text) {
      const answer = readAnswer(text, wish);
      // Another try may draw better words.
      return answer.ok
        ? answer
        : remoteFailure("remote_invalid_answer", answer.failure.detail, true);
    },
  });
}
