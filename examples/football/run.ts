import { replayMatches } from "./features.ts";
import { type Figures, figuresOf, type Judged } from "./figures.ts";
import { readLibraryAnswers } from "./library-answers.ts";
import { readMatches } from "./matches.ts";
import { playSeason, type Season, VERSIONS, type Version } from "./season.ts";

/** The season 2016/17: the model was trained on the years before. */
const SEASON_FROM = "2016-07-01";
/** Freshet's figures are those of plain arithmetic over the same answers. */
const EXACT = 1e-9;
/** scikit-learn computes in 64 bits what onnxruntime computes in 32. */
const NEAR = 1e-6;

const { FRESHET_URL: url = "http://127.0.0.1:8787", FRESHET_TOKEN: token = "" } = process.env;
const WHY = " Did anybody else predict with the model meanwhile? Then run it again.";
const say = (text: string): void => void process.stdout.write(`${text}\n`);

try {
  const matches = replayMatches(readMatches()).filter(({ match }) => match.date >= SEASON_FROM);
  const season = await playSeason({ url, token }, matches, say);
  const isRight = VERSIONS.map((version) => compare(season, version)).every(Boolean);
  say(isRight ? "\nAll figures agree." : `\nThe figures do NOT agree.${WHY}`);
  process.exitCode = isRight ? 0 : 1;
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(`${message}${cause === undefined ? "" : `: ${String(cause)}`}\n`);
  process.exitCode = 1;
}

/** Prints Freshet's figures beside those computed here, and tells whether they agree. */
function compare({ judged, accuracy, judgedBefore }: Season, version: Version): boolean {
  const metrics = accuracy[version];
  const before = judgedBefore[version];
  const here = figuresOf(judged[version]);
  const library = figuresOf(libraryOf(version, judged[version]));
  say(`\nversion ${version}, ${judged[version].length} matches judged`);
  if (before > 0) say(`(Freshet had judged ${before} before: they are taken out here)`);
  say("            Freshet             computed here       scikit-learn");
  const names = Object.keys(here) as (keyof Figures)[];
  return names
    .map((name) => {
      const [told, own, theirs] = [metrics[name], here[name], library[name]];
      const columns = [told, own, theirs].map((one) => String(one).padEnd(20));
      say(`${name.padEnd(12)}${columns.join("")}`.trimEnd());
      const isExact = Math.abs(told - own) <= EXACT;
      const isCount = name === "accuracy" || name === "f1_macro";
      return isExact && Math.abs(told - theirs) <= (isCount ? EXACT : NEAR);
    })
    .every(Boolean);
}

/** What the library that trained the model answered, judged by the same results. */
function libraryOf(version: Version, judged: readonly Judged[]): readonly Judged[] {
  const answers = readLibraryAnswers(version);
  if (answers.length !== judged.length) throw new Error("the library answered other matches");
  return judged.map(({ truth }, place) => {
    const { label, probabilities } = answers[place] ?? { label: "", probabilities: {} };
    return { label, probabilities, truth };
  });
}
