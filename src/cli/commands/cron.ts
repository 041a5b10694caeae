import type { Command } from "commander";
import { type CronAnswer, cronSchema, type TickAnswer } from "../client/bundle-answers.ts";
import { addCommand, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { printable } from "../output/style.ts";
import { renderFacts } from "../output/table.ts";
import { formatMs, formatTime } from "../output/units.ts";
import { formatPairs } from "../output/words.ts";

/** `cron`: what the crons did last. */
export function addCronCommand(program: Command, terminal: Terminal): void {
  addCommand(program, "cron", "what the crons did last", [
    ["cron", "when, how long, what was checked and warmed, and what went wrong"],
    ["cron --json | jq '.crons[0].last.warmed'", "the versions that are warm, for a script"],
  ]).action(withContext(terminal, cron));
}

async function cron(context: Context): Promise<void> {
  const found = await context.api.get(cronSchema, "/v1/cron");
  context.print(found, () => {
    const sections = found.crons.map((one) => renderCron(context, one));
    return [...sections, REDIS[found.redis] ?? `redis: ${printable(found.redis)}`].join("\n\n");
  });
}

const REDIS: Readonly<Record<string, string>> = {
  up: "Reports are those of all isolates.",
  unavailable: "Redis does not answer: a report is that of the isolate which answered.",
  not_configured: "Without Redis a report is that of the isolate which answered.",
};

function renderCron({ style }: Context, { cron, does, from, last }: CronAnswer): string {
  const head = `${style.bold(cron)}  ${printable(does)}`;
  if (last === null) return `${head}\n${style.dim("no report yet")}`;
  const facts = renderFacts(
    [
      ["at", `${formatTime(last.at)}, ${formatMs(last.duration_ms)}, from ${from ?? "nowhere"}`],
      ["lease", last.lease],
      ["refreshed", refreshedOf(last)],
      ["objects", last.objects === undefined ? undefined : formatPairs(last.objects)],
      ["warm", warmOf(last)],
      ["backup", backupOf(last)],
      ["archive", archiveOf(last)],
      ["settled", settledOf(last)],
      ["resumed", placeOf(last.resumed_at)],
      ["stopped", placeOf(last.stopped_at)],
    ],
    style,
  );
  return [head, facts, ...troubles(last).map((line) => style.bad(printable(line)))].join("\n");
}

const refreshedOf = ({ refreshed }: TickAnswer): string | undefined =>
  refreshed === undefined
    ? undefined
    : `${refreshed.checked} checked, ${refreshed.changed} changed, ${refreshed.kept} kept as they were`;

const warmOf = ({ warmed = [] }: TickAnswer): string | undefined =>
  warmed.length === 0
    ? undefined
    : warmed
        .filter(({ ok }) => ok)
        .map(({ model, version, duration_ms }) => `${model}@${version} ${formatMs(duration_ms)}`)
        .join(", ") || "nothing";

const backupOf = ({ backup }: TickAnswer): string | undefined =>
  backup === undefined
    ? undefined
    : `${backup.copied} copied, ${backup.unchanged} unchanged, ${backup.failures} failed`;

const archiveOf = ({ archive }: TickAnswer): string | undefined =>
  archive === undefined
    ? undefined
    : `${archive.records} records in ${archive.objects} objects${thenOf(archive)}`;

const settledOf = ({ settled }: TickAnswer): string | undefined =>
  settled === undefined
    ? undefined
    : `${settled.predictions} predictions on ${settled.entities} entities, ${settled.done ? "none waits" : "more wait"}${thenOf(settled)}`;

/** Why something stopped. */
const thenOf = ({ failure }: Pick<NonNullable<TickAnswer["archive"]>, "failure">): string =>
  failure === undefined ? "" : `, then ${failure.reason}: ${printable(failure.detail)}`;

function placeOf(place: TickAnswer["stopped_at"]): string | undefined {
  if (place === undefined) return undefined;
  const parts = [
    ...(place.models === undefined ? [] : [`models after ${place.models}`]),
    ...(place.warm === undefined ? [] : [`warming at ${place.warm}`]),
  ];
  return parts.join(", ");
}

const troubles = ({ refreshed, warmed = [] }: TickAnswer): readonly string[] => [
  ...(refreshed?.failed ?? []).map(
    ({ model, reason, detail }) => `not refreshed: ${model}, ${reason}: ${detail}`,
  ),
  ...warmed
    .filter(({ ok }) => !ok)
    .map(
      ({ model, version, reason = "", detail = "" }) =>
        `not warm: ${model}@${version}, ${reason}: ${detail}`,
    ),
];
