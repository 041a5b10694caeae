import type { Command } from "commander";
import { readWhole } from "../arguments.ts";
import { readPages } from "../client/pages.ts";
import { auditSchema, auditVerdictSchema } from "../client/server-answers.ts";
import { addCommand, addGroup, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import { printable } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { formatTime, plural } from "../output/units.ts";
import { formatPairs } from "../output/words.ts";

interface ListOptions {
  readonly limit: number;
  readonly model?: string;
}

/** `audit`: what administrators did, and whether the record is whole. */
export function addAuditCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, "audit", "the log of what administrators did");
  addCommand(group, "list", "what was done or tried, newest first", [
    ["audit list", "the last twenty actions"],
    ["audit list --model iris --limit 100", "of one model"],
  ])
    .option("--model <name>", "only what was done to this model")
    .option("--limit <n>", "at most so many", readWhole, 20)
    .action(withContext(terminal, list));
  addCommand(group, "verify", "find a removed, altered or added entry", [
    ["audit verify", "exit code 1 when the chain is broken"],
  ]).action(withContext(terminal, verify));
}

async function list(context: Context, { limit, model }: ListOptions): Promise<void> {
  const items = await readPages(context.api, auditSchema, "/v1/audit", { model }, limit);
  context.print({ items }, () => {
    if (items.length === 0) return "nothing was done yet";
    const rows = items.map((item) => [
      formatTime(item.at),
      printable(item.actor ?? "-"),
      item.action ?? "no entry: see audit verify",
      item.model ?? "-",
      targetOf(item.target),
      printable(item.reason ?? formatPairs(item.params)),
    ]);
    return renderTable(COLUMNS, rows, context.style, context.width);
  });
}

const COLUMNS = [
  { title: "AT (UTC)" },
  { title: "BY", flexible: true },
  { title: "ACTION" },
  { title: "MODEL", flexible: true },
  { title: "TARGET" },
  { title: "WHY OR HOW", flexible: true },
] as const;

/** A digest is told by its beginning. */
const targetOf = (target = "-"): string =>
  /^[0-9a-f]{64}$/.test(target) ? `${target.slice(0, 12)}…` : target;

async function verify(context: Context): Promise<void> {
  const verdict = await context.api.get(auditVerdictSchema, "/v1/audit/verify");
  const { ok, entries, head, problems } = verdict;
  context.print(verdict, () =>
    [
      `${plural(entries, "entry", "entries")}, ${ok ? context.style.good("unbroken") : context.style.bad("broken")}`,
      ...(head === null ? [] : [`newest: ${head.key}, SHA-256 ${head.sha256}`]),
    ].join("\n"),
  );
  if (ok) return;
  throw new CliFailure(EXIT.refused, "the audit log is not as it was written", {
    code: "audit_broken",
    errors: problems.map(({ key, problem }) => ({ path: key, message: problem })),
  });
}
