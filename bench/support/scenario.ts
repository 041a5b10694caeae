import type { ScenarioResult } from "./result.ts";
import type { Stage } from "./stage.ts";

export interface MeasureOptions {
  /** Few and short rounds: to see that a scenario works, not to quote it. */
  readonly quick: boolean;
  readonly progress: (line: string) => void;
}

/** One question that the measurements answer. */
export interface Scenario {
  readonly name: string;
  /** What it measures, in a line. */
  readonly summary: string;
  /** Ends every process it starts. Throws when an answer is not what it should be. */
  measure(stage: Stage, options: MeasureOptions): Promise<ScenarioResult>;
}
