import { parseArgs } from "node:util";
import { batchRows } from "./scenarios/batch-rows.ts";
import { coldFirstPrediction } from "./scenarios/cold-first-prediction.ts";
import { freshness } from "./scenarios/freshness.ts";
import { herd } from "./scenarios/herd.ts";
import { hitRatio } from "./scenarios/hit-ratio.ts";
import { microBatching } from "./scenarios/micro-batching.ts";
import { predictionCacheHit } from "./scenarios/prediction-cache-hit.ts";
import { premiumLatency } from "./scenarios/premium-latency.ts";
import { publishToServed } from "./scenarios/publish-to-served.ts";
import { records } from "./scenarios/records.ts";
import { streamRows } from "./scenarios/stream-rows.ts";
import { versionSwaps } from "./scenarios/version-swaps.ts";
import { warmInference } from "./scenarios/warm-inference.ts";
import { type Report, renderReport, saveReport, writeResultsPage } from "./support/report.ts";
import type { Scenario } from "./support/scenario.ts";
import { openStage } from "./support/stage.ts";

const SCENARIOS: readonly Scenario[] = [
  warmInference,
  predictionCacheHit,
  hitRatio,
  herd,
  batchRows,
  streamRows,
  records,
  microBatching,
  freshness,
  premiumLatency,
  coldFirstPrediction,
  publishToServed,
  versionSwaps,
];

const HELP = `Measures Freshet side by side with named baselines.

  npm run bench                        every scenario
  npm run bench -- NAME...             these scenarios
  npm run bench -- --list              their names
  npm run bench -- --quick             few short rounds; the kept results are left alone
  npm run bench -- --json              the results as JSON on stdout, instead of tables

Results: bench/results/. Ends with 1 when a scenario fails or misses its required ratio
(with --quick: only when it fails), with 2 when the command line is wrong.`;

interface Settings {
  readonly scenarios: readonly Scenario[];
  readonly quick: boolean;
  readonly json: boolean;
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const settings = readArguments(args);
  if (typeof settings === "number") return settings;
  const command = ["npm run bench", ...(args.length > 0 ? ["--", ...args] : [])].join(" ");
  const { reports, failed } = await measureAll(settings, command);
  if (settings.json) console.log(JSON.stringify(reports, null, 2));
  if (!settings.quick) await writeResultsPage(SCENARIOS.map(({ name }) => name));
  const missed = !settings.quick && reports.some(({ met }) => !met);
  return failed || missed ? 1 : 0;
}

/** What to do, or the status to end with. */
function readArguments(args: readonly string[]): Settings | number {
  const flag = { type: "boolean", default: false } as const;
  const options = { help: { ...flag, short: "h" }, list: flag, quick: flag, json: flag };
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) return say(HELP);
    if (values.list)
      return say(SCENARIOS.map((each) => `${each.name}  ${each.summary}`).join("\n"));
    const { quick, json } = values;
    return { scenarios: pick(positionals), quick, json };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
}

function say(text: string): number {
  console.log(text);
  return 0;
}

function pick(names: readonly string[]): readonly Scenario[] {
  if (names.length === 0) return SCENARIOS;
  return names.map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name);
    if (found === undefined) throw new Error(`there is no scenario '${name}'; --list names them`);
    return found;
  });
}

/** One scenario that fails does not keep the others from being measured. */
async function measureAll({ scenarios, quick, json }: Settings, command: string) {
  const stage = await openStage();
  process.on("exit", stage.abandon);
  const leave = (status: number) => stage.close().finally(() => process.exit(status));
  process.once("SIGINT", () => leave(130));
  process.once("SIGTERM", () => leave(143));
  const reports: Report[] = [];
  let failed = false;
  for (const scenario of scenarios) {
    const progress = (line: string) => console.error(`${scenario.name}  ${line}`);
    try {
      const report = await saveReport(await scenario.measure(stage, { quick, progress }), {
        command,
        quick,
      });
      reports.push(report);
      if (!json) console.log(renderReport(report));
    } catch (error) {
      failed = true;
      progress(`FAILED: ${error instanceof Error ? error.message : error}`);
    }
    stage.children.killAll();
  }
  await stage.close();
  return { reports, failed };
}
