import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";

export type Result = "home" | "draw" | "away";

/** One match that was played, and how it ended. */
export interface Match {
  /** Of its entity: the day and both teams, in the letters that an id may have. */
  readonly id: string;
  /** `2016-07-23`. */
  readonly date: string;
  readonly home: string;
  readonly away: string;
  readonly homeGoals: number;
  readonly awayGoals: number;
  readonly result: Result;
}

/** All matches of `matches.csv`, in the order in which they were played. */
export function readMatches(): readonly Match[] {
  const text = readFileSync(join(import.meta.dirname, "matches.csv"), "utf8");
  const records: readonly Readonly<Record<string, string>>[] = parse(text, { columns: true });
  return records.map(({ date = "", home_team = "", away_team = "", home_score, away_score }) => {
    const [homeGoals, awayGoals] = [Number(home_score), Number(away_score)];
    const id = [date, home_team, away_team].map(lettersOf).join(".");
    const goals = { homeGoals, awayGoals, result: resultOf(homeGoals, awayGoals) };
    return { id, date, home: home_team, away: away_team, ...goals };
  });
}

const lettersOf = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

function resultOf(home: number, away: number): Result {
  if (home === away) return "draw";
  return home > away ? "home" : "away";
}
