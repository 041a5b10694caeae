import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { expect, it } from "vitest";
import { replayMatches } from "../../../examples/football/features.ts";
import { figuresOf } from "../../../examples/football/figures.ts";
import { readLibraryAnswers } from "../../../examples/football/library-answers.ts";
import { readMatches } from "../../../examples/football/matches.ts";
import { isOwnId } from "../../../src/core/model/entity.ts";
import { readHoldout } from "../../support/holdouts.ts";

const MODEL = "football_baseline_model";
const HOLDOUT = join(import.meta.dirname, "..", "..", "fixtures", "models", MODEL, "holdout.csv");

const season = replayMatches(readMatches()).filter(({ match }) => match.date >= "2016-07-01");

it("football: the features made of the results are those that the model was trained on, as float32", () => {
  const rows: readonly Readonly<Record<string, string>>[] = parse(readFileSync(HOLDOUT), {
    columns: true,
  });
  expect(season).toHaveLength(rows.length);
  for (const [place, row] of rows.entries()) {
    const { match, features } = season[place] ?? {};
    expect([match?.date, match?.home, match?.away, match?.result]).toEqual([
      row.date,
      row.home_team,
      row.away_team,
      row.label,
    ]);
    const asFloat32 = (values: readonly unknown[]) =>
      values.map((value) => Math.fround(Number(value)));
    const names = Object.keys(features ?? {});
    expect(names).toHaveLength(13);
    expect(asFloat32(Object.values(features ?? {}))).toEqual(
      asFloat32(names.map((name) => row[name])),
    );
  }
});

it("football: every match is an entity of its own", () => {
  const ids = season.map(({ match }) => match.id);
  expect(ids.filter((id) => !isOwnId(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});

it.each(["1", "2"])("football: the figures of version %s are scikit-learn's own", (version) => {
  const judged = readLibraryAnswers(version).map((answer, place) => {
    const truth = season[place]?.match.result;
    if (truth === undefined) throw new Error("there are as many matches as answers");
    return { ...answer, truth };
  });
  const { metrics } = readHoldout(MODEL, version);
  for (const [name, value] of Object.entries(figuresOf(judged))) {
    expect(Math.abs(value - Number(metrics[name])), name).toBeLessThan(1e-6);
  }
});
