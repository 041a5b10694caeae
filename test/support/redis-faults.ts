import type { ProxyFault } from "./fault-proxy.ts";
import { answer, blackHole, reset } from "./fault-server.ts";
import {
  answerLost,
  answerSwallowed,
  cutChunked,
  drip,
  htmlPage,
  latency,
  otherJson,
  resetAfter,
  truncate,
} from "./proxy-faults.ts";

const json = (status: number, body: unknown): ProxyFault =>
  answer(status, JSON.stringify(body), { "content-type": "application/json" });

/** In the form of the request: the client sends one command as a pipeline of one. */
const replies =
  (reply: unknown): ProxyFault =>
  (response, request, pass) => {
    const isPipeline = request.url?.endsWith("/pipeline") === true;
    return json(200, isPipeline ? [reply] : reply)(response, request, pass);
  };

const GARBAGE = Buffer.from("garbage").toString("base64");

/** One way in which Redis' answer goes wrong. */
export interface RedisFault {
  readonly name: string;
  readonly fault: ProxyFault;
  /** The answer comes whole and in time. */
  readonly isHarmless?: boolean;
}

/** What a network and a managed Redis do on bad days. */
export const REDIS_FAULTS: readonly RedisFault[] = [
  { name: "latency within the deadline", fault: latency(20), isHarmless: true },
  { name: "latency past every deadline", fault: latency(2_500) },
  { name: "a reset before the command", fault: reset },
  { name: "a reset after the command", fault: answerLost },
  { name: "a reset after the headers", fault: resetAfter(0) },
  { name: "a reset after 4 bytes", fault: resetAfter(4) },
  { name: "a black hole before the command", fault: blackHole },
  { name: "a black hole after the command", fault: answerSwallowed },
  { name: "a truncation after 4 bytes", fault: truncate(4) },
  { name: "a chunked body cut after 4 bytes", fault: cutChunked(4) },
  { name: "a slow drip", fault: drip(2) },
  { name: "409", fault: json(409, { error: "conflict" }) },
  { name: "412", fault: json(412, { error: "precondition" }) },
  { name: "429", fault: json(429, { error: "ERR max daily request limit exceeded" }) },
  { name: "503", fault: json(503, { error: "unavailable" }) },
  { name: "an error of Redis", fault: replies({ error: "LOADING Redis is loading" }) },
  { name: "a page in HTML", fault: htmlPage() },
  { name: "JSON of another service", fault: otherJson() },
  { name: "a reply of another shape", fault: replies({ result: { items: [] } }) },
  { name: "a text for a reply", fault: replies({ result: GARBAGE }) },
  { name: "texts of other keys", fault: replies({ result: [GARBAGE, GARBAGE, GARBAGE] }) },
];

/** One of each sort, for stories that are long and wait for nobody's answer. */
export const SORTS_OF_REDIS_FAULTS = REDIS_FAULTS.filter(({ name }) =>
  /^latency past|the command$|truncation|^503|an error of Redis|texts of/.test(name),
);
