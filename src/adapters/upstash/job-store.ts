import { ok } from "../../core/model/result.ts";
import {
  type Enqueued,
  JOB_KEEP,
  type JobKeep,
  type JobStore,
} from "../../core/ports/job-store.ts";
import { call, evaluate, isTexts, type UpstashConfig, unexpected } from "./client.ts";
import {
  numberOf,
  onlyOf,
  readFlag,
  readJobCounts,
  readJobPage,
  readWholeJob,
  readWord,
} from "./job-answers.ts";
import { type JobScript, jobScript } from "./job-scripts.ts";
import { endWords, enqueueWords, indexOf, leaseWords, type Word } from "./job-words.ts";

interface Call {
  readonly words: readonly Word[];
  /** 0 for what no time matters to. */
  readonly nowMs: number;
  readonly deadlineMs: number;
}

/** Reads a script's answer; throws at what is none. */
type Reader<T> = (answer: readonly string[]) => T;

/**
 * The job store port over Upstash's REST protocol. One HTTP call each, with one atomic script,
 * never retried; a timeout or an answer that no script gives is a failure. The script, up to
 * 10 KB, is sent with every call. Upstash takes 1 MB a request on small plans: `work` should stay
 * under 512 KB.
 */
export function createUpstashJobStore(
  config: UpstashConfig & { readonly keep?: JobKeep },
): JobStore {
  const run = <T>(name: JobScript, { words, nowMs, deadlineMs }: Call, read: Reader<T>) =>
    call("EVAL", async () => {
      const args = [...headOf(config.keep ?? JOB_KEEP, nowMs), ...words].map(textOf);
      const keys = [`${config.keyPrefix}job:`];
      const answer = textsOf(await evaluate(config, jobScript(name), keys, args, deadlineMs));
      if (answer === undefined) return unexpected("EVAL");
      try {
        return ok(read(answer));
      } catch {
        return unexpected("EVAL");
      }
    });
  return {
    enqueue(draft, { limits, lease, nowMs, deadlineMs }) {
      const words = enqueueWords(draft, limits, lease, nowMs);
      return run("enqueue", { words, nowMs, deadlineMs }, readEnqueued);
    },
    claim: (lease, nowMs, deadlineMs) =>
      run("claim", { words: leaseWords(lease, nowMs), nowMs, deadlineMs }, readWholeJob),
    heartbeat: (id, lease, nowMs, deadlineMs) =>
      run("heartbeat", { words: [id, ...leaseWords(lease, nowMs)], nowMs, deadlineMs }, readOne),
    finish: (id, token, end, nowMs, deadlineMs) =>
      run("finish", { words: [id, token, ...endWords(end)], nowMs, deadlineMs }, readOne),
    get: (id, deadlineMs) => run("get", { words: [id], nowMs: 0, deadlineMs }, readWholeJob),
    list({ state, model, limit, cursor }, deadlineMs) {
      const words = [indexOf(state, model), cursor === undefined ? "+inf" : `(${cursor}`, limit];
      return run("list", { words, nowMs: 0, deadlineMs }, readJobPage);
    },
    counts: (nowMs, deadlineMs) =>
      run("counts", { words: [], nowMs, deadlineMs }, (answer) => readJobCounts(answer, nowMs)),
    retry: (id, nowMs, deadlineMs) =>
      run("retry", { words: [id], nowMs, deadlineMs }, oneOf("retried", "not_ended", "absent")),
    cancel: (id, nowMs, deadlineMs) =>
      run("cancel", { words: [id], nowMs, deadlineMs }, oneOf("cancelled", "ended", "absent")),
    releaseAll: (nowMs, deadlineMs) =>
      run("releaseAll", { words: [], nowMs, deadlineMs }, (answer) => numberOf(onlyOf(answer))),
  };
}

const readEnqueued: Reader<Enqueued> = ([id = "", created, leased]) => ({
  id,
  created: readFlag(created),
  leased: readFlag(leased),
});

const readOne: Reader<boolean> = (answer) => readFlag(onlyOf(answer));

const oneOf =
  <W extends string>(...words: readonly W[]): Reader<W> =>
  (answer) =>
    readWord(onlyOf(answer), words);

/** What every script is given first. */
const headOf = ({ ms, jobs, bytes }: JobKeep, nowMs: number): readonly Word[] => [
  nowMs,
  nowMs - ms,
  jobs,
  bytes,
];

/** Times come with fractions from jittered back-offs; Lua would write them as no other client does. */
const textOf = (word: Word): string => (typeof word === "number" ? String(Math.round(word)) : word);

/** One text, or a list of them; everything else is no script's answer. */
function textsOf(answer: unknown): readonly string[] | undefined {
  if (typeof answer === "string") return [answer];
  return isTexts(answer) ? answer : undefined;
}
