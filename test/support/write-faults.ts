import type { Aim, ProxyFault } from "./fault-proxy.ts";
import { blackHole, reset, s3Error } from "./fault-server.ts";
import {
  answerLost,
  answerSwallowed,
  htmlPage,
  latency,
  otherJson,
  resetAfter,
  wrongEtag,
} from "./proxy-faults.ts";

/** One way in which a write to S3 goes wrong. */
export interface WriteFault {
  readonly name: string;
  readonly fault: ProxyFault;
  readonly aim: Aim;
  /** What the API answers when the one write that decides is met: the write is done all the same, or refused. */
  readonly decides: "done" | "refused";
}

const once = { times: 1 };
const thrice = { times: 3 };
const always = {};
const lost = s3Error(412, "PreconditionFailed");
const conflict = s3Error(409, "ConditionalRequestConflict");

const noBucket = s3Error(404, "NoSuchBucket");

/** Those that tell most, for every deed. */
export const MAIN_WRITE_FAULTS: readonly WriteFault[] = [
  { name: "one reset before the write", fault: reset, aim: once, decides: "done" },
  { name: "resets before the write", fault: reset, aim: always, decides: "refused" },
  { name: "one reset after the write", fault: answerLost, aim: once, decides: "done" },
  { name: "resets after the write", fault: answerLost, aim: always, decides: "refused" },
  { name: "a black hole after the write", fault: answerSwallowed, aim: once, decides: "refused" },
  { name: "three times 412", fault: lost, aim: thrice, decides: "done" },
  { name: "three times 409", fault: conflict, aim: thrice, decides: "done" },
  { name: "three times 503", fault: s3Error(503, "InternalError"), aim: thrice, decides: "done" },
];

export const WRITE_FAULTS: readonly WriteFault[] = [
  ...MAIN_WRITE_FAULTS,
  { name: "latency", fault: latency(200), aim: always, decides: "done" },
  { name: "resets after the headers", fault: resetAfter(0), aim: always, decides: "done" },
  { name: "a black hole before the write", fault: blackHole, aim: once, decides: "refused" },
  { name: "wrong ETags", fault: wrongEtag('"wrong"'), aim: always, decides: "done" },
  { name: "412 for ever", fault: lost, aim: always, decides: "refused" },
  { name: "409 for ever", fault: conflict, aim: always, decides: "refused" },
  { name: "503 for ever", fault: s3Error(503, "InternalError"), aim: always, decides: "refused" },
  { name: "404 of a missing bucket", fault: noBucket, aim: always, decides: "refused" },
  { name: "throttling", fault: s3Error(503, "SlowDown"), aim: thrice, decides: "done" },
  { name: "one page in HTML", fault: htmlPage(), aim: once, decides: "done" },
  { name: "pages in HTML", fault: htmlPage(), aim: always, decides: "refused" },
  { name: "JSON of another service", fault: otherJson(), aim: always, decides: "refused" },
];
