import { type Command, Option } from "commander";
import { JOB_STATES } from "../../core/ports/job-store.ts";
import { readWhole } from "../arguments.ts";
import { type JobAnswer, jobSchema, jobsSchema } from "../client/job-answers.ts";
import { readPages } from "../client/pages.ts";
import { addCommand, addGroup, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { printable, type Style } from "../output/style.ts";
import { renderFacts, renderTable } from "../output/table.ts";
import { formatMs, formatTime } from "../output/units.ts";

const JOBS = "/v1/jobs";

interface ListOptions {
  readonly state?: string;
  readonly model?: string;
  readonly limit: number;
}

/** `jobs`: the work behind premium answers. */
export function addJobsCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, "jobs", "premium answers in the making: look, retry, cancel");
  addCommand(group, "list", "how many are in each state, and the newest", [
    ["jobs list", "counts, ages, and the last twenty"],
    ["jobs list --state dead --model support", "what was given up for one model"],
    ["jobs list --state dead --json | jq -r '.items[].id'", "their ids, for a script"],
  ])
    .addOption(new Option("--state <state>", "only those").choices([...JOB_STATES]))
    .option("--model <name>", "only those of this model")
    .option("--limit <n>", "at most so many", readWhole, 20)
    .action(withContext(terminal, list));
  addCommand(group, "show <id>", "one job, with what happened to it", [
    ["jobs show 01KB5Q0ZJ7", "each attempt, and why it failed"],
  ]).action(withContext(terminal, show));
  addCommand(group, "retry <id>", "queue one that has ended again, with all its attempts", [
    ["jobs retry 01KB5Q0ZJ7", "after the cause is mended"],
  ]).action(withContext(terminal, (context, id: string) => act(context, id, "retry")));
  addCommand(group, "cancel <id>", "drop one that is queued or running", [
    ["jobs cancel 01KB5Q0ZJ7", "what its worker then answers is thrown away"],
  ]).action(withContext(terminal, (context, id: string) => act(context, id, "cancel")));
}

async function list(context: Context, { state, model, limit }: ListOptions): Promise<void> {
  const { counts, oldest_seconds, duration_ms } = await context.api.get(jobsSchema, JOBS, {
    limit: "1",
  });
  const items = await readPages(context.api, jobsSchema, JOBS, { state, model }, limit);
  context.print({ counts, oldest_seconds, duration_ms, items }, () => {
    const states = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
    const facts = renderFacts(
      [
        ["all jobs", states.join(", ")],
        ["oldest", oldest_seconds === 0 ? undefined : `${oldest_seconds} s, of those not ended`],
        ["took", tookOf(duration_ms)],
      ],
      context.style,
    );
    return items.length === 0 ? `${facts}\n\nno jobs` : `${facts}\n\n${tableOf(items, context)}`;
  });
}

const tookOf = ({ mean, p95 }: { readonly mean: number; readonly p95: number }) =>
  p95 === 0 ? undefined : `${formatMs(mean)} on average, 95 % within ${formatMs(p95)}`;

function tableOf(items: readonly JobAnswer[], { style, width }: Context): string {
  const rows = items.map((job) => [
    printable(job.id),
    printable(job.model),
    printable(job.strategy),
    stateOf(job, style),
    attemptsOf(job),
    formatTime(job.created_at),
    job.duration_ms === undefined ? "-" : formatMs(job.duration_ms),
    printable(job.reason ?? ""),
  ]);
  return renderTable(COLUMNS, rows, style, width);
}

const COLUMNS = [
  { title: "ID" },
  { title: "MODEL", flexible: true },
  { title: "STRATEGY" },
  { title: "STATE" },
  { title: "TRIES", align: "right" },
  { title: "CREATED (UTC)", optional: true },
  { title: "TOOK", align: "right" },
  { title: "REASON", flexible: true },
] as const;

const attemptsOf = ({ attempts, max_attempts }: JobAnswer) => `${attempts}/${max_attempts}`;

function stateOf({ state }: JobAnswer, style: Style): string {
  const tint = { completed: style.good, dead: style.bad, dropped: style.dim }[state];
  return tint === undefined ? printable(state) : tint(state);
}

async function show(context: Context, id: string): Promise<void> {
  const job = await context.api.get(jobSchema, pathOf(id));
  context.print(job, () => renderJob(job, context.style));
}

function renderJob(job: JobAnswer, style: Style): string {
  const facts = renderFacts(
    [
      ["job", style.bold(printable(job.id))],
      ["state", stateOf(job, style)],
      ["reason", job.reason === undefined ? undefined : printable(job.reason)],
      ["model", printable(`${job.model}@${job.version}, then ${job.strategy}`)],
      ["tries", attemptsOf(job)],
      ["took", job.duration_ms === undefined ? undefined : formatMs(job.duration_ms)],
      ["created", formatTime(job.created_at)],
      [DUE[job.state] ?? "ended", formatTime(job.due_at)],
      ["request", printable(job.request_id)],
      ["talk", job.conversation_id === undefined ? undefined : printable(job.conversation_id)],
    ],
    style,
  );
  const events = job.timeline.map(({ at, event, detail }) => [
    formatTime(at),
    printable(event),
    printable(detail ?? ""),
  ]);
  const columns = [{ title: "AT (UTC)" }, { title: "EVENT" }, { title: "DETAIL" }];
  return `${facts}\n\n${renderTable(columns, events, style, Number.POSITIVE_INFINITY)}`;
}

/** What `due_at` is while a job has not ended. */
const DUE: Readonly<Record<string, string>> = { queued: "due", running: "lease ends" };

async function act(context: Context, id: string, verb: "retry" | "cancel"): Promise<void> {
  const job = await context.api.call(jobSchema, "POST", `${pathOf(id)}/${verb}`, {});
  context.print(job, () => `${printable(job.id)} is ${stateOf(job, context.style)}`);
}

const pathOf = (id: string): string => `${JOBS}/${encodeURIComponent(id)}`;
