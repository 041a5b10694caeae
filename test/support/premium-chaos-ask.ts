import { type InconstantRemote, REMOTE_MODEL } from "./inconstant-remote.ts";
import { inferJson } from "./infer.ts";
import { MODEL } from "./premium-chaos-stage.ts";

/** What an isolate said about a row. */
export interface ChaosAnswer {
  readonly mark: number;
  readonly strategy: string;
  readonly value: number;
  /** The durable job that was promised. */
  readonly job: string | undefined;
  /** What is wrong with it: its headers tell of another value than it has. */
  readonly problem: string | undefined;
}

/** Whom to ask, and what right answers are. */
export interface Asking {
  readonly remote: InconstantRemote;
  rowOf(mark: number): readonly number[];
  /** What the fast model answers to a mark. */
  fastOf(mark: number): number;
}

/**
 * Asks one isolate about one row, and looks at every word of its answer.
 * @throws when the connection broke: nothing was answered then
 */
export async function askAbout(asking: Asking, url: string, mark: number): Promise<ChaosAnswer> {
  const answer = await inferJson(url, `/v2/models/${MODEL}/infer`, [asking.rowOf(mark)]);
  const { headers } = answer;
  const told = {
    strategy: headers.get("x-freshet-strategy") ?? "none",
    job: headers.get("x-freshet-job") ?? undefined,
    value: Number(answer.outputs[0]?.data[0]),
  };
  const problem =
    answer.status === 200
      ? problemOf(asking, mark, { ...told, headers })
      : `${answer.status} ${answer.error}`;
  return { mark, ...told, problem: problem && `row ${mark}: ${problem}` };
}

interface Told {
  readonly strategy: string;
  readonly value: number;
  readonly job: string | undefined;
  readonly headers: Headers;
}

function problemOf(
  { remote, fastOf }: Asking,
  mark: number,
  { strategy, value, job, headers }: Told,
): string | undefined {
  const by = `${headers.get("x-freshet-model")}@${headers.get("x-freshet-version")}`;
  const said = `${strategy} ${value} by ${by}, job ${job}`;
  if (headers.get("x-freshet-route") !== "production:1") return `${said}: of another route`;
  if (strategy === "fast") {
    return value === fastOf(mark) && by === `${MODEL}@1` ? undefined : `${said}: is not fast`;
  }
  const isPremium = strategy === "premium" && by === `${REMOTE_MODEL}@${value}`;
  if (!isPremium || job !== undefined) return `${said}: is neither`;
  return remote.given(mark).includes(value) ? undefined : `${said}: was given to another row`;
}
