import type { Match } from "./matches.ts";

/** A match and what was known of it on the day before. */
export interface KnownMatch {
  readonly match: Match;
  /** By the names in the model's manifest. */
  readonly features: Readonly<Record<string, number>>;
}

/** Matches in the past that a team's form is the mean of. */
const FORM = 5;
const START_ELO = 1500;
/** Whoever comes up later comes from a lower division. */
const NEWCOMER_ELO = 1400;
const FIRST_SEASON_ENDS = "2014-07-01";
const ELO_STEP = 20;
const HOME_ADVANTAGE = 65;
/** After so many days without a match a third of what sets a team apart is forgotten. */
const BREAK_DAYS = 45;
const MAX_REST_DAYS = 30;
const DAY_MS = 86_400_000;

interface Past {
  readonly points: number;
  readonly scored: number;
  readonly conceded: number;
}

interface Team {
  elo: number;
  lastDate: string | undefined;
  readonly all: Past[];
  readonly home: Past[];
  readonly away: Past[];
}

/**
 * Replays the matches and tells for each what its features were before it: strength (Elo, weighed
 * by the goals between the teams), form over the last five matches, at this venue and at any,
 * and days of rest. Matches of a team that has not played five yet are left out.
 * @param matches in the order in which they were played
 */
export function replayMatches(matches: readonly Match[]): readonly KnownMatch[] {
  const teams = new Map<string, Team>();
  const known: KnownMatch[] = [];
  for (const match of matches) {
    const home = teamOf(teams, match.home, match.date);
    const away = teamOf(teams, match.away, match.date);
    const rest = [restDays(home, match.date), restDays(away, match.date)] as const;
    for (const team of [home, away]) awake(team, match.date);
    if (home.all.length >= FORM && away.all.length >= FORM) {
      known.push({ match, features: featuresOf(home, away, rest) });
    }
    play(home, away, match);
  }
  return known;
}

function teamOf(teams: Map<string, Team>, name: string, date: string): Team {
  const known = teams.get(name);
  if (known !== undefined) return known;
  const elo = date < FIRST_SEASON_ENDS ? START_ELO : NEWCOMER_ELO;
  const made: Team = { elo, lastDate: undefined, all: [], home: [], away: [] };
  teams.set(name, made);
  return made;
}

const daysSince = ({ lastDate }: Team, date: string): number =>
  lastDate === undefined
    ? Number.POSITIVE_INFINITY
    : (Date.parse(date) - Date.parse(lastDate)) / DAY_MS;

const restDays = (team: Team, date: string): number =>
  Math.min(MAX_REST_DAYS, daysSince(team, date));

function awake(team: Team, date: string): void {
  if (team.lastDate !== undefined && daysSince(team, date) > BREAK_DAYS) {
    team.elo = START_ELO + ((team.elo - START_ELO) * 2) / 3;
  }
  team.lastDate = date;
}

function featuresOf(
  home: Team,
  away: Team,
  [homeRest, awayRest]: readonly [home: number, away: number],
): Readonly<Record<string, number>> {
  return {
    home_elo: home.elo,
    away_elo: away.elo,
    elo_diff: home.elo - away.elo,
    home_points5: form(home.all, "points"),
    away_points5: form(away.all, "points"),
    home_gf5: form(home.all, "scored"),
    home_ga5: form(home.all, "conceded"),
    away_gf5: form(away.all, "scored"),
    away_ga5: form(away.all, "conceded"),
    home_venue_points5: form(home.home, "points"),
    away_venue_points5: form(away.away, "points"),
    home_rest_days: homeRest,
    away_rest_days: awayRest,
  };
}

function form(past: readonly Past[], what: keyof Past): number {
  const last = past.slice(-FORM);
  return last.reduce((sum, one) => sum + one[what], 0) / last.length;
}

function play(home: Team, away: Team, { homeGoals, awayGoals }: Match): void {
  const margin = Math.abs(homeGoals - awayGoals);
  const weight = margin === 0 ? 1 : 1 + 0.5 * Math.log(margin);
  const score = homeGoals === awayGoals ? 0.5 : Number(homeGoals > awayGoals);
  const expected = 1 / (1 + 10 ** (-(home.elo + HOME_ADVANTAGE - away.elo) / 400));
  const step = ELO_STEP * weight * (score - expected);
  home.elo += step;
  away.elo -= step;
  const atHome = pastOf(homeGoals, awayGoals);
  const abroad = pastOf(awayGoals, homeGoals);
  home.all.push(atHome);
  home.home.push(atHome);
  away.all.push(abroad);
  away.away.push(abroad);
}

function pastOf(scored: number, conceded: number): Past {
  const points = scored > conceded ? 3 : Number(scored === conceded);
  return { points, scored, conceded };
}
