import { setTimeout as sleep } from "node:timers/promises";
import { call, inParts, type Stack } from "./client.ts";
import type { KnownMatch } from "./features.ts";
import type { Figures, Judged } from "./figures.ts";

const MODEL = "football_baseline_model";
export const VERSIONS = ["1", "2"] as const;
export type Version = (typeof VERSIONS)[number];

/** Rows of one prediction, and lines of one write. */
const ROWS = 1_000;
const LINES = 200;
const COUNTED_WITHIN_MS = 60_000;

/** What Freshet says of one version. */
export interface TheAccuracy {
  readonly n: number;
  readonly metrics: Figures;
}

export interface Season {
  /** In the order of the matches. */
  readonly judged: Readonly<Record<Version, readonly Judged[]>>;
  /** By version, once all results are in. */
  readonly accuracy: Readonly<Record<Version, TheAccuracy>>;
}

/**
 * A season on a running stack: its matches are stored with their features, predicted by both
 * versions of the model, played, and the predictions judged by how they ended. May be run again:
 * matches and results are what they were, and the predictions are as right as before.
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
  await put(
    stack,
    matches.map(({ match: { id, result } }) => ({ id, state: "finished", outcome: result })),
  );
  say("played: every match has its result");
  const counted = (version: Version) => (before[version]?.n ?? 0) + matches.length;
  return { judged, accuracy: await awaitAccuracy(stack, counted) };
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

/** Records are written behind their answers: the last ones are counted a moment later. */
async function awaitAccuracy(
  stack: Stack,
  counted: (version: Version) => number,
): Promise<Season["accuracy"]> {
  const endMs = Date.now() + COUNTED_WITHIN_MS;
  while (Date.now() < endMs) {
    const { 1: one, 2: two } = await accuracyOf(stack);
    if (one?.n === counted("1") && two?.n === counted("2")) return { 1: one, 2: two };
    await sleep(250);
  }
  throw new Error("not every prediction has its outcome: does anybody else use this model now?");
}
