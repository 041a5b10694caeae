import { Breaker } from "../../core/cache/breaker.ts";
import type { FlightContext } from "../../core/cache/single-flight.ts";
import type { Result } from "../../core/model/result.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type {
  RemoteAnswer,
  RemoteFailure,
  RemoteModels,
  RemoteQuestion,
} from "../../core/ports/remote-models.ts";
import { chatExchange } from "./chat/exchange.ts";
import type { AddressRules } from "./check-address.ts";
import { checkBy, checkStrategy, type SecretOf } from "./check-strategy.ts";
import type { Exchange } from "./exchange.ts";
import { remoteFailure } from "./failures.ts";
import { oipExchange } from "./oip/exchange.ts";
import { type SendDeps, send } from "./send.ts";

export interface RemoteDeps extends SendDeps {
  /** Of the breakers, which live as long as this. */
  readonly clock: Pick<Clock, "now">;
  readonly secretOf: SecretOf;
}

/**
 * Models behind HTTP: servers of the Open Inference Protocol and endpoints of OpenAI's chat
 * completions. One POST a try, three tries at most, all within the question's deadline; an
 * answer is up to 1 MiB. A host whose last three questions all failed is left alone for a
 * while. A secret goes to the strategy's own address, in its header, and nowhere else.
 */
export function createRemoteModels(rules: AddressRules, deps: RemoteDeps): RemoteModels {
  // As many as the list of hosts has.
  const breakers = new Map<string, Breaker>();
  const breakerOf = (host: string): Breaker => {
    const known = breakers.get(host) ?? new Breaker(deps.clock);
    breakers.set(host, known);
    return known;
  };
  return {
    check: checkBy(rules, deps.secretOf),
    async ask(context, question) {
      try {
        return await askOnce(rules, deps, breakerOf, context, question);
      } catch (cause) {
        // A bug: whoever asks has a fast answer already, and is to keep it.
        return remoteFailure("remote_invalid_answer", "asking or reading went wrong", false, cause);
      }
    },
  };
}

async function askOnce(
  rules: AddressRules,
  deps: RemoteDeps,
  breakerOf: (host: string) => Breaker,
  context: FlightContext,
  question: RemoteQuestion,
): Promise<Result<RemoteAnswer, RemoteFailure>> {
  const target = checkStrategy(rules, deps.secretOf, question.strategy);
  if (!target.ok) return target;
  const { url, bearer } = target.value;
  const exchange = exchangeOf(url, question);
  if (!exchange.ok) return exchange;
  const breaker = breakerOf(url.host);
  if (!breaker.mayAsk()) return paused;
  const text = await post(deps, context, question, exchange.value, bearer);
  if (text.ok || !text.failure.mayRetry) breaker.succeeded();
  else breaker.failed();
  return text.ok ? exchange.value.read(text.value) : text;
}

const paused = remoteFailure(
  "remote_paused",
  "the host failed three times in a row and is left alone for a while",
  true,
);

const exchangeOf = (url: URL, question: RemoteQuestion): Result<Exchange, RemoteFailure> =>
  question.strategy.kind === "oip"
    ? oipExchange(url, question.strategy, question)
    : chatExchange(url, question.strategy, question);

function post(
  deps: SendDeps,
  context: FlightContext,
  { requestId, deadlineMs }: RemoteQuestion,
  { url, body }: Exchange,
  bearer: string | undefined,
): Promise<Result<string, RemoteFailure>> {
  const headers = {
    "content-type": "application/json",
    accept: "application/json",
    "user-agent": "freshet",
    ...(/^[\x21-\x7e]{1,128}$/.test(requestId) ? { "x-request-id": requestId } : {}),
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
  };
  const endMs = context.clock.now() + deadlineMs;
  return send(deps, context, { url, headers, body, endMs });
}
