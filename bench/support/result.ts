/** One contender of a scenario: what it measured, in the order of the rounds. */
export interface Contender {
  readonly name: string;
  /** Whose values the ratios are against, round by round; left out: nobody's. */
  readonly against?: string;
  readonly values: readonly number[];
  /** Further columns of the table, such as "p99 ms", one value a round. */
  readonly details: Readonly<Record<string, readonly number[]>>;
}

/** What a contender's median ratio has to be. */
export interface Requirement {
  readonly contender: string;
  readonly ratio: number;
  readonly is: "at least" | "at most";
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly unit: "requests/s" | "rows/s" | "ms" | "µs" | "hits/request";
  /** What was done, in a line. */
  readonly how: string;
  readonly contenders: readonly Contender[];
  readonly requirement?: Requirement;
}
