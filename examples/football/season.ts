import { setTimeout as sleep } from "node:timers/promises";
import { call, inParts, type Stack } from "./client.ts";
import type { KnownMatch } from "./features.ts";
import type { Figures, Judged } from "./figures.ts";
import { accuracySince, type TheAccuracy } from "./own-accuracy.ts";

const MODEL = "football_baseline_model";
export const VERSIONS = ["1", "2"] as const;
export type Version = (typeof VERSIONS)[number];

/** Rows of one prediction, and lines of one write. */
const ROWS = 1_000;
const LINES = 200;
/** Without any prediction being judged. */
const SEND_AGAIN_AFTER_MS = 10_000;
const GIVE_UP_AFTER_MS = 60_000;

export interface Season {
  /** In the order of the matches. */
  readonly judged: Readonly<Record<Version, readonly Judged[]>>;
  /** Freshet's, of this season's predictions alone, once all results are in. */
  readonly accuracy: Readonly<Record<Version, Figures>>;
  /** Predictions of each version that had been judged before: they are not in its accuracy here. */
  readonly judgedBefore: Readonly<Record<Version, number>>;
}

/**
 * A season on a running stack: its matches are stored with their features, predicted by both
 * versions of the model, played, and the predictions judged by how they ended. May be run again,
 * and where others have predicted with the model.
 * @throws Error when others' predictions were judged meanwhile: which are whose cannot be told then
 */
export async function playSeason(
  stack: Stack,
  matches: readonly KnownMatch[],
  say: (what: string) => void,
): Promise<Season> {
  const before = await accuracyOf(stack);
  await put(
    stack,
    matches.map(({ match: { id }, features }) => ({ id, features })),
  );
  say(`${matches.length} matches stored, with their features`);
  const judged = { 1: await predict(stack, matches, "1"), 2: await predict(stack, matches, "2") };
  say("predicted by version 1 and version 2, by the matches' ids alone");
  const results = matches.map(({ match: { id, result } }) => {
    return { id, state: "finished", outcome: result };
  });
  await put(stack, results);
  say("played: every match has its result");
  const judgedBefore = { 1: before[1]?.n ?? 0, 2: before[2]?.n ?? 0 };
  const counted = (version: Version) => judgedBefore[version] + matches.length;
  const after = await awaitAccuracy(stack, counted, () => put(stack, results));
  const accuracy = {
    1: accuracySince(after[1], before[1]),
    2: accuracySince(after[2], before[2]),
  };
  return { judged, accuracy, judgedBefore };
}

async function put(stack: Stack, lines: readonly object[]): Promise<void> {
  for (const part of inParts(lines, LINES)) {
    const body = part.map((line) => JSON.stringify(line)).join("\n");
    const { failed, results } = await call<{ failed: number; results: readonly object[] }>(
      stack,
      "POST",
      "/v1/entities/match",
      body,
    );
    if (failed > 0) throw new Error(`${failed} matches refused: ${JSON.stringify(results)}`);
  }
}

interface Answer {
  readonly label: string;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly error?: { readonly detail: string };
}

async function predict(
  stack: Stack,
  matches: readonly KnownMatch[],
  version: Version,
): Promise<readonly Judged[]> {
  const answers: Answer[] = [];
  for (const part of inParts(matches, ROWS)) {
    const entities = part.map(({ match }) => `match:${match.id}`);
    const path = `/v1/models/${MODEL}@${version}/predict`;
    const body = await call<{ results: readonly Answer[] }>(stack, "POST", path, { entities });
    answers.push(...body.results);
  }
  return answers.map(({ label, probabilities, error }, place) => {
    const match = matches[place]?.match;
    if (error !== undefined || match === undefined) throw new Error(error?.detail ?? "no match");
    return { label, probabilities, truth: match.result };
  });
}

async function accuracyOf(stack: Stack): Promise<Partial<Record<string, TheAccuracy>>> {
  const path = `/v1/models/${MODEL}/accuracy?window=all&by=version`;
  const { groups } = await call<{ groups: readonly (TheAccuracy & { key: string })[] }>(
    stack,
    "GET",
    path,
  );
  return Object.fromEntries(groups.map((group) => [group.key, group]));
}

/**
 * Records are written behind their answers: the last ones are counted a moment later, and later
 * still on entities that are finished already. What is not judged even then is by sending the
 * results again, which changes nothing else.
 */
async function awaitAccuracy(
  stack: Stack,
  counted: (version: Version) => number,
  sendAgain: () => Promise<void>,
): Promise<Readonly<Record<Version, TheAccuracy>>> {
  let fewest = Number.POSITIVE_INFINITY;
  let [movedMs, sentMs] = [Date.now(), Date.now()];
  while (Date.now() - movedMs < GIVE_UP_AFTER_MS) {
    const { 1: one, 2: two } = await accuracyOf(stack);
    const off = [(one?.n ?? 0) - counted("1"), (two?.n ?? 0) - counted("2")];
    const others = off.reduce((sum, by) => sum + Math.max(0, by), 0);
    if (others > 0) throw new Error(`${others} prediction${others === 1 ? "" : "s"} ${NOT_OURS}`);
    const missing = off.reduce((sum, by) => sum - by, 0);
    if (missing === 0 && one !== undefined && two !== undefined) return { 1: one, 2: two };
    if (missing < fewest) [fewest, movedMs] = [missing, Date.now()];
    await sleep(250);
    if (Date.now() - Math.max(movedMs, sentMs) < SEND_AGAIN_AFTER_MS) continue;
    await sendAgain();
    sentMs = Date.now();
  }
  throw new Error(
    `${fewest} predictions of this run get no outcome: are they recorded (record.rate of ${MODEL}'s deployment), and does Redis answer?`,
  );
}

/** Of an earlier run that was broken off, or somebody else's on the same matches or at the same time. */
const NOT_OURS = `of ${MODEL} that this run did not make got an outcome meanwhile, so its own cannot be told apart: run it again while nobody else uses the model, or on a new stack (FRESHET_DATA_DIR=/some/new/folder npm start)`;
