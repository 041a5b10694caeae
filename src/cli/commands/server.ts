import type { Command } from "commander";
import { failureOf } from "../client/problem.ts";
import { type HealthAnswer, healthSchema, storageSchema } from "../client/server-answers.ts";
import { addCommand, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { checkFailure } from "../failure.ts";
import type { Style } from "../output/style.ts";
import { renderFacts, renderTable } from "../output/table.ts";
import { formatBytes, formatMs, formatTime, plural } from "../output/units.ts";

/** `status` and `storage`: how the server is, and what the bucket holds. */
export function addServerCommands(program: Command, terminal: Terminal): void {
  addCommand(program, "status", "how the server and what it depends on are", [
    ["status", "exit code 1 when it cannot serve"],
    ["status --url https://freshet.example.com", "of a deployed one"],
  ]).action(withContext(terminal, status));
  addCommand(program, "storage", "what the bucket holds", [
    ["storage", "counts, bytes, and what could go"],
  ]).action(withContext(terminal, storage));
}

async function status(context: Context): Promise<void> {
  const { status: code, body } = await context.api.ask("/health");
  const parsed = healthSchema.safeParse(body);
  if (!parsed.success) {
    throw failureOf({ status: code, headers: {}, text: JSON.stringify(body ?? "") });
  }
  const health = parsed.data;
  const { style, api } = context;
  const tint = { ok: style.good, degraded: style.warn }[health.status] ?? style.bad;
  context.print(health, () =>
    renderFacts(
      [
        ["server", api.url.origin],
        ["status", tint(health.status)],
        ...Object.entries(health.dependencies).map(
          ([name, dependency]) => [name, dependencyWord(dependency)] as const,
        ),
        [
          "engine",
          `${formatBytes(health.engine.used_bytes)} of ${formatBytes(health.engine.limit_bytes)}`,
        ],
        [
          "models",
          `${health.models.loaded} loaded, ${formatBytes(health.models.bytes)} of ${formatBytes(health.models.budget_bytes)}`,
        ],
        ["jobs", health.jobs && jobsWord(health.jobs, style)],
      ],
      style,
    ),
  );
  if (!health.ready) {
    throw checkFailure("not_ready", "the server cannot serve", "`freshet doctor` looks closer.");
  }
}

function jobsWord(
  { queued, running, dead, status: word }: NonNullable<HealthAnswer["jobs"]>,
  style: Style,
): string {
  const counted = `${queued} queued, ${running} running, ${dead} dead`;
  return word === "warn" ? style.warn(`${counted}: more than is well`) : counted;
}

/** A dependency as `up (3.00 ms)` or `down: timeout`. */
export function dependencyWord({
  status: word,
  latency_ms,
  reason,
}: {
  readonly status: string;
  readonly latency_ms?: number | undefined;
  readonly reason?: string | undefined;
}): string {
  if (reason !== undefined) return `${word}: ${reason}`;
  const plain = word.replaceAll("_", " ");
  return latency_ms === undefined ? plain : `${plain} (${formatMs(latency_ms)})`;
}

async function storage(context: Context): Promise<void> {
  const report = await context.api.get(storageSchema, "/v1/storage");
  const { style, width } = context;
  context.print(report, () => {
    const { models, versions, objects, bytes, by_model, oldest, unreferenced, unfinished } = report;
    const facts = renderFacts(
      [
        [
          "holds",
          [
            plural(models, "model"),
            plural(versions, "version"),
            plural(objects, "object"),
            formatBytes(bytes),
          ].join(", "),
        ],
        [
          "oldest",
          oldest && `${oldest.model}@${oldest.version} of ${formatTime(oldest.modified_at)}`,
        ],
        ["no alias names", listOf(unreferenced)],
        ["unfinished", listOf(unfinished)],
      ],
      style,
    );
    if (by_model.length === 0) return facts;
    const rows = by_model.map((one) => [one.model, String(one.versions), formatBytes(one.bytes)]);
    return `${facts}\n\n${renderTable(STORAGE_COLUMNS, rows, style, width)}`;
  });
}

const STORAGE_COLUMNS = [
  { title: "MODEL", flexible: true },
  { title: "VERSIONS", align: "right" },
  { title: "BYTES", align: "right" },
] as const;

function listOf(
  versions: readonly { readonly model: string; readonly version: string; readonly bytes: number }[],
): string | undefined {
  if (versions.length === 0) return undefined;
  const bytes = versions.reduce((sum, one) => sum + one.bytes, 0);
  const names = versions.slice(0, 5).map(({ model, version }) => `${model}@${version}`);
  const more = versions.length > names.length ? ", …" : "";
  return `${plural(versions.length, "version")}, ${formatBytes(bytes)}: ${names.join(", ")}${more}`;
}
