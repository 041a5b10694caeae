import { summarizeDurations } from "../../core/model/durations.ts";
import {
  JOB_STATES,
  type Job,
  type JobCounts,
  type JobEvent,
  type JobState,
  type ListedJob,
} from "../../core/ports/job-store.ts";

/** A job and its work; `undefined` for no job. As all here it throws at what is no script's answer. */
export function readWholeJob(answer: readonly string[]): Job | undefined {
  if (answer.length === 0) return undefined;
  const words = readerOf(answer);
  const { job } = readListed(words);
  return { ...job, work: words.next() };
}

/** A page; `cursor` when there are more. */
export function readJobPage(answer: readonly string[]): {
  readonly jobs: readonly ListedJob[];
  readonly cursor?: string;
} {
  const words = readerOf(answer);
  const hasMore = readFlag(words.next());
  const jobs: ListedJob[] = [];
  let cursor = "";
  while (!words.isAtEnd()) {
    const { job, seq } = readListed(words);
    jobs.push(job);
    cursor = seq;
  }
  return { jobs, ...(hasMore ? { cursor } : {}) };
}

export function readJobCounts(answer: readonly string[], nowMs: number): JobCounts {
  const words = readerOf(answer);
  const counted = JOB_STATES.map((state) => [state, numberOf(words.next())] as const);
  const oldest = words.next();
  const durations: number[] = [];
  while (!words.isAtEnd()) durations.push(numberOf(words.next()));
  return {
    // Each of the states is in the list that it is made from.
    counts: Object.fromEntries(counted) as Record<JobState, number>,
    oldestMs: oldest === "" ? 0 : Math.max(0, nowMs - numberOf(oldest)),
    ...summarizeDurations(durations),
  };
}

interface Words {
  next(): string;
  isAtEnd(): boolean;
}

function readerOf(answer: readonly string[]): Words {
  let place = 0;
  return {
    next() {
      const word = answer[place];
      if (word === undefined) throw new Error("a script's answer is cut short");
      place += 1;
      return word;
    },
    isAtEnd: () => place >= answer.length,
  };
}

function readListed(words: Words): { readonly job: ListedJob; readonly seq: string } {
  const fields = new Map<string, string>();
  for (let left = numberOf(words.next()); left > 0; left -= 2)
    fields.set(words.next(), words.next());
  const timeline: JobEvent[] = [];
  for (let left = numberOf(words.next()); left > 0; left -= 1) {
    timeline.push(readEvent(words.next()));
  }
  return { job: jobOf(fields, timeline), seq: fields.get("seq") ?? "" };
}

function jobOf(fields: ReadonlyMap<string, string>, timeline: readonly JobEvent[]): ListedJob {
  const text = (name: string) => {
    const value = fields.get(name);
    if (value === undefined) throw new Error(`a job is without ${name}`);
    return value;
  };
  const number = (name: string) => numberOf(text(name));
  return {
    id: text("id"),
    key: text("key"),
    model: text("model"),
    version: text("version"),
    strategy: text("strategy"),
    requestId: text("request_id"),
    ...(fields.has("conversation") ? { conversationId: text("conversation") } : {}),
    attempts: number("attempts"),
    state: readWord(fields.get("state"), JOB_STATES),
    attempt: number("attempt"),
    limits: {
      maxRunning: number("max_running"),
      ...(fields.has("per_minute") ? { perMinute: number("per_minute") } : {}),
    },
    createdAtMs: number("created"),
    dueAtMs: number("due"),
    ...(fields.has("duration") ? { durationMs: number("duration") } : {}),
    ...(fields.has("reason") ? { reason: text("reason") } : {}),
    timeline,
  };
}

const EVENT = /^(\d+) (\w+)(?: (.*))?$/s;

function readEvent(line: string): JobEvent {
  const [, at, event, detail] = EVENT.exec(line) ?? [];
  if (at === undefined || event === undefined) throw new Error("a job's event cannot be read");
  const known = {
    atMs: numberOf(at),
    // The scripts write no other words.
    event: event as JobEvent["event"],
  };
  return detail === undefined ? known : { ...known, detail };
}

export function numberOf(text: string | undefined): number {
  const number = Number(text);
  if (text === undefined || text === "" || !Number.isFinite(number)) {
    throw new Error("a script's number cannot be read");
  }
  return number;
}

/** The word of a script that answers with one. */
export function onlyOf(answer: readonly string[]): string | undefined {
  if (answer.length > 1) throw new Error("a script's answer is too long");
  return answer[0];
}

export const readFlag = (word: string | undefined): boolean => readWord(word, ["1", "0"]) === "1";

export function readWord<W extends string>(word: string | undefined, known: readonly W[]): W {
  const found = known.find((each) => each === word);
  if (found === undefined) throw new Error("no script answers such a word");
  return found;
}
