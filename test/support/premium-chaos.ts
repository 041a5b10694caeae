import type { Served } from "../../bench/support/workerd.ts";
import type { Job } from "../../src/core/ports/job-store.ts";
import { inferJson } from "./infer.ts";
import { must } from "./must.ts";
import { type Asking, askAbout, type ChaosAnswer } from "./premium-chaos-ask.ts";
import { type ChaosPlan, planOf, ROWS } from "./premium-chaos-plan.ts";
import { type ChaosStage, MODEL } from "./premium-chaos-stage.ts";
import { fireCron } from "./worker-fleet.ts";

/** How a run went. */
export interface ChaosReport {
  /** Empty when all is well. */
  readonly problems: readonly string[];
  /** Of the jobs that somebody was promised. */
  readonly promised: number;
  readonly completed: number;
  /** Those that another one went on with. */
  readonly takenOver: number;
  readonly summary: string;
}

const LANES = 6;
const DEADLINE_MS = 5_000;
const PATIENCE_MS = 60_000;

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/**
 * Fifty requests, the death of the Worker or of Redis at some moment of them, the crons of three
 * isolates until no job is left, and then what each of them answers.
 * @param main killed in the run, or at its end
 * @param first the mark of the run's first row
 */
export async function runChaos(
  stage: ChaosStage,
  { seed, first, main }: { readonly seed: number; readonly first: number; readonly main: Served },
): Promise<ChaosReport> {
  const plan = planOf(seed);
  const marks = Array.from({ length: ROWS }, (_, row) => first + row);
  stage.remote.plan(plan.replies);
  const asking = await learnFast(stage, marks);
  const { answers: amid, reborn } = await requestsAmidDeath(stage, plan, { asking, main, first });
  const everyone = [reborn ?? main, ...stage.onlookers];
  await untilAllEnded(stage, everyone);
  const promised = await promisedJobs(stage, amid);
  const seen = await askEveryone(asking, stage.onlookers, marks);
  // What was given up is asked for anew: these jobs end as well, and bring no second answer.
  await untilAllEnded(stage, everyone);
  const answers = [...amid, ...seen, ...(await askEveryone(asking, everyone, marks))];
  await untilAllEnded(stage, everyone);
  await (reborn ?? main).stop();
  const jobs = await promisedJobs(stage, answers);
  const problems = [
    ...answers.flatMap(({ problem }) => problem ?? []),
    ...twoAnswers(answers),
    ...jobs.flatMap(([id, job]) => notEnded(id, job) ?? []),
    ...notServed(promised, amid, seen),
  ];
  const takenOver = promised.filter(([, job]) => isTakenOver(job)).length;
  return { problems, takenOver, ...tally(plan, promised, takenOver) };
}

/** What the fast model answers: a fixed version is not asked for anything better. */
async function learnFast(
  { onlookers, remote, rowOf }: ChaosStage,
  marks: readonly number[],
): Promise<Asking> {
  const path = `/v2/models/${MODEL}/versions/1/infer`;
  const answer = await inferJson(onlookers[0]?.url ?? "", path, marks.map(rowOf));
  const values = answer.outputs[0]?.data.flat().map(Number) ?? [];
  if (values.length !== marks.length) throw new Error(`fast: ${answer.status} ${answer.error}`);
  const fast = new Map(marks.map((mark, index) => [mark, values[index] ?? Number.NaN]));
  return { remote, rowOf, fastOf: (mark) => fast.get(mark) ?? Number.NaN };
}

interface Cast {
  readonly asking: Asking;
  readonly main: Served;
  readonly first: number;
}

async function requestsAmidDeath(
  stage: ChaosStage,
  plan: ChaosPlan,
  { asking, main, first }: Cast,
): Promise<{ readonly answers: readonly ChaosAnswer[]; readonly reborn: Served | undefined }> {
  const answers: ChaosAnswer[] = [];
  let sent = 0;
  let death: Promise<Served | undefined> | undefined;
  let alive = main;
  const lane = async () => {
    for (let request = plan.requests[sent]; request !== undefined; request = plan.requests[sent]) {
      sent += 1;
      if (sent === plan.killedAfter.requests) death = dieAndRise(stage, plan, main);
      await pause(request.pauseMs);
      const asked = askAbout(asking, alive.url, first + request.row);
      const answer = await asked.catch(() => undefined);
      if (answer !== undefined) answers.push(answer);
      // Nobody was answered, so nothing was promised. The rest is asked when it is back.
      else alive = (await death) ?? alive;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { answers, reborn: await death };
}

/** The Worker that came in the place of a killed one; `undefined` when Redis was killed. */
async function dieAndRise(
  { fleet, redis }: ChaosStage,
  { victim, killedAfter, downMs }: ChaosPlan,
  main: Served,
): Promise<Served | undefined> {
  await pause(killedAfter.ms);
  if (victim === "the Worker") {
    await main.stop();
    return fleet.start();
  }
  await redis.kill();
  await pause(downMs);
  await redis.revive();
  return undefined;
}

/** Fires crons, all at once, until no job is queued or running. */
async function untilAllEnded({ jobs }: ChaosStage, everyone: readonly Served[]): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    await Promise.all(everyone.map(fireCron));
    const { counts } = must(await jobs.counts(Date.now(), DEADLINE_MS));
    if (counts.queued + counts.running === 0) return;
    if (performance.now() > endMs) throw new Error(`not ended: ${JSON.stringify(counts)}`);
    await pause(50);
  }
}

async function askEveryone(
  asking: Asking,
  everyone: readonly Served[],
  marks: readonly number[],
): Promise<readonly ChaosAnswer[]> {
  const answers = everyone.map(async ({ url }) => {
    const own: ChaosAnswer[] = [];
    for (const mark of marks) own.push(await askAbout(asking, url, mark));
    return own;
  });
  return (await Promise.all(answers)).flat();
}

type PromisedJob = readonly [id: string, job: Job | undefined];

async function promisedJobs(
  { jobs }: ChaosStage,
  answers: readonly ChaosAnswer[],
): Promise<readonly PromisedJob[]> {
  const ids = new Set(answers.flatMap(({ job }) => job ?? []));
  const found = [...ids].map(async (id) => [id, must(await jobs.get(id, DEADLINE_MS))] as const);
  return Promise.all(found);
}

function notEnded(id: string, job: Job | undefined): string | undefined {
  if (job === undefined) return `job ${id} was promised and is lost`;
  const isDone = job.state === "completed" || (job.state === "dead" && job.reason !== undefined);
  return isDone ? undefined : `job ${id} is ${job.state}: ${JSON.stringify(job.timeline)}`;
}

/** Rows of which two better answers were given: no time of any has come. */
function twoAnswers(answers: readonly ChaosAnswer[]): readonly string[] {
  const values = new Map<number, Set<number>>();
  for (const { mark, strategy, value } of answers) {
    if (strategy !== "premium") continue;
    values.set(mark, (values.get(mark) ?? new Set<number>()).add(value));
  }
  return [...values]
    .filter(([, own]) => own.size > 1)
    .map(([mark, own]) => `row ${mark} has several premium answers: ${[...own].join(", ")}`);
}

/** What a completed job has brought is there for isolates that have never heard of it. */
function notServed(
  promised: readonly PromisedJob[],
  amid: readonly ChaosAnswer[],
  seen: readonly ChaosAnswer[],
): readonly string[] {
  const completed = new Set(
    promised.flatMap(([id, job]) => (job?.state === "completed" ? id : [])),
  );
  const brought = new Set(amid.flatMap(({ job, mark }) => (completed.has(job ?? "") ? mark : [])));
  return seen
    .filter(({ mark, strategy }) => brought.has(mark) && strategy !== "premium")
    .map(({ mark, strategy }) => `row ${mark} was completed and is answered ${strategy}`);
}

const isTakenOver = (job: Job | undefined): boolean =>
  job?.timeline.some(({ event }) => event === "lease_expired") === true;

function tally(plan: ChaosPlan, promised: readonly PromisedJob[], takenOver: number) {
  const ends = promised.map(([, job]) => `${job?.state} ${job?.reason ?? ""}`.trim());
  const counted = [...new Set(ends)]
    .sort()
    .map((end) => `${ends.filter((other) => other === end).length} ${end}`);
  const { requests, ms } = plan.killedAfter;
  return {
    promised: promised.length,
    completed: ends.filter((end) => end === "completed").length,
    summary: `${plan.victim} killed ${ms} ms after request ${requests}; ${promised.length} jobs promised, ${takenOver} taken over: ${counted.join(", ")}`,
  };
}
