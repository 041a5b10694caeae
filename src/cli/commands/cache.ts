import type { Command } from "commander";
import type { z } from "zod";
import { cacheStatusSchema, clearedSchema, refreshedSchema } from "../client/server-answers.ts";
import { addCommand, addGroup, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import type { Style } from "../output/style.ts";
import { renderFacts, renderTable } from "../output/table.ts";
import { formatBytes, formatTime } from "../output/units.ts";

interface ClearOptions {
  readonly predictions?: boolean;
}

/** `cache`: what the caches hold, and ways to empty and renew them. */
export function addCacheCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, "cache", "what the caches hold; clear and refresh them");
  addCommand(group, "status", "what each tier holds, and how fresh each model is", [
    ["cache status", "of the isolate that answers"],
    ["cache status --json", "every counter and setting"],
  ]).action(withContext(terminal, status));
  addCommand(group, "clear [model]", "forget sessions and predictions", [
    ["cache clear", "of every model"],
    ["cache clear iris --predictions", "only what was predicted by one"],
  ])
    .option("--predictions", "keep the sessions")
    .action(withContext(terminal, clear));
  addCommand(group, "refresh <model>", "ask the bucket about a model, or a bundle, now", [
    ["cache refresh iris", "exit code 1 when a newer state could not be taken"],
  ]).action(withContext(terminal, refresh));
}

async function status(context: Context): Promise<void> {
  const report = await context.api.get(cacheStatusSchema, "/v1/cache/status");
  const { style, width } = context;
  context.print(report, () => {
    const { isolate, bytes, redis, models, epoch } = report;
    const tiers = [
      ["sessions", isolate.models],
      ["predictions", isolate.predictions],
      ["bytes", bytes],
      ["redis predictions", redis],
    ] as const;
    const rows = tiers.map(([name, tier]) =>
      tier === null
        ? [name, "off", "", "", "", "", "", ""]
        : [
            name,
            tier.breaker === undefined ? "on" : `breaker ${tier.breaker}`,
            count(tier.entries),
            tier.bytes === undefined
              ? "-"
              : `${formatBytes(tier.bytes)} of ${formatBytes(tier.max_bytes)}`,
            count(tier.hits),
            count(tier.misses),
            count(tier.evictions),
            count(tier.errors),
          ],
    );
    const versions = models.map((model) => [
      model.version === null ? model.name : `${model.name}@${model.version}`,
      formatBytes(model.memory_bytes),
      formatTime(model.checked_at ?? undefined),
      formatTime(model.last_used_at ?? undefined),
      model.degraded === undefined
        ? style.good("ok")
        : style.warn(`${model.degraded.reason}: ${model.degraded.detail}`),
    ]);
    return [
      renderTable(TIER_COLUMNS, rows, style, width),
      "",
      versions.length === 0
        ? "no model is loaded"
        : renderTable(MODEL_COLUMNS, versions, style, width),
      "",
      renderFacts([["epoch", epoch === null ? "-" : String(epoch)]], style),
    ].join("\n");
  });
}

const count = (value: number | undefined): string => (value === undefined ? "-" : String(value));

const TIER_COLUMNS = [
  { title: "TIER" },
  { title: "STATE" },
  { title: "ENTRIES" },
  { title: "BYTES" },
  { title: "HITS" },
  { title: "MISSES" },
  { title: "EVICTED" },
  { title: "ERRORS" },
] as const;

const MODEL_COLUMNS = [
  { title: "MODEL", flexible: true },
  { title: "MEMORY" },
  { title: "CHECKED (UTC)" },
  { title: "LAST USED (UTC)" },
  { title: "STATE", flexible: true },
] as const;

async function clear(
  context: Context,
  model: string | undefined,
  { predictions = false }: ClearOptions,
): Promise<void> {
  const what = predictions ? "predictions" : "all";
  const order = { what, ...(model === undefined ? {} : { model }) };
  const cleared = await context.api.call(clearedSchema, "POST", "/v1/cache/clear", order);
  context.print(
    cleared,
    () =>
      `${predictions ? "predictions" : "sessions and predictions"} of ${model ?? "every model"} forgotten: ${cleared.detail}`,
  );
}

async function refresh(context: Context, model: string): Promise<void> {
  const path = `/v1/cache/refresh/${encodeURIComponent(model)}`;
  const refreshed = await context.api.call(refreshedSchema, "POST", path, {});
  const { style, width } = context;
  context.print(refreshed, () => {
    const rows = refreshed.results.map((one) => [
      one.model,
      resultWord(one, style),
      `${routesWord(one.from)} -> ${isGone(one) ? "none" : routesWord(one.to)}`,
      one.reason === undefined ? "" : style.bad(one.reason),
    ]);
    return `${renderTable(REFRESH_COLUMNS, rows, style, width)}\n${refreshed.detail}`;
  });
  const kept = refreshed.results.find(({ reason }) => reason !== undefined);
  if (kept === undefined) return;
  const why = isGone(kept)
    ? `the deployment of ${kept.model} is gone from the bucket`
    : `${kept.model} is not served as the bucket has it`;
  throw new CliFailure(EXIT.refused, why, { code: "not_taken" });
}

type Refreshed = z.output<typeof refreshedSchema>["results"][number];

/** It was known, and has no deployment any more. */
const isGone = ({ from, to }: Refreshed): boolean => from !== null && to === null;

function resultWord(one: Refreshed, style: Style): string {
  if (isGone(one)) return style.bad("gone");
  if (one.changed) return style.good("changed");
  return one.from === null && one.to !== null ? "taken up" : "unchanged";
}

const REFRESH_COLUMNS = [
  { title: "MODEL", flexible: true },
  { title: "RESULT" },
  { title: "ROUTES", flexible: true },
  { title: "WHY NOT", flexible: true },
] as const;

/** Routes as `production 2, canary 1:90 2:10`. */
function routesWord(routes: Readonly<Record<string, Readonly<Record<string, number>>>> | null) {
  if (routes === null) return "unknown";
  return Object.entries(routes)
    .map(([alias, weights]) => {
      const shares = Object.entries(weights);
      const word =
        shares.length === 1
          ? shares[0]?.[0]
          : shares.map(([version, share]) => `${version}:${share}`).join(" ");
      return `${alias} ${word}`;
    })
    .join(", ");
}
