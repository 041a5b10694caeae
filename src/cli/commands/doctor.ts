import type { Command } from "commander";
import { z } from "zod";
import { healthSchema } from "../client/server-answers.ts";
import { isLoopback } from "../client/token.ts";
import { addCommand, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { checkFailure } from "../failure.ts";
import type { Style } from "../output/style.ts";
import { plural } from "../output/units.ts";
import { version } from "../version.ts";
import { dependencyWord } from "./server.ts";

type Verdict = "ok" | "warning" | "wrong";

interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly detail: string;
}

/** `doctor`: everything a user would look at first, in one go. */
export function addDoctorCommand(program: Command, terminal: Terminal): void {
  addCommand(program, "doctor", "look at URL, token, server and store, and say what is wrong", [
    ["doctor", "exit code 1 when something is wrong, 3 when nobody answers"],
    ["doctor --url https://freshet.example.com", "of a deployed one"],
  ]).action(withContext(terminal, doctor));
}

async function doctor(context: Context): Promise<void> {
  const server = await lookAtServer(context);
  const findings = [
    lookAtUrl(context),
    server,
    await lookAtToken(context),
    ...(await lookAtHealth(context)),
    ...(await lookAtConditions(context)),
    await lookAtRegistry(context),
  ];
  const isWrong = findings.some(({ verdict }) => verdict === "wrong");
  context.print({ ok: !isWrong, findings }, () => renderFindings(findings, context.style));
  if (isWrong) throw checkFailure("unwell", "something is wrong: see above");
}

const finding = (check: string, verdict: Verdict, detail: string): Finding => ({
  check,
  verdict,
  detail,
});

function lookAtUrl({ api }: Context): Finding {
  const { url } = api;
  if (url.protocol === "http:" && !isLoopback(url)) {
    return finding("url", "warning", `${url.origin}: the token travels unencrypted; use https`);
  }
  return finding("url", "ok", url.origin);
}

const versionSchema = z.looseObject({
  name: z.literal("freshet"),
  version: z.string(),
  environment: z.string(),
});

async function lookAtServer({ api }: Context): Promise<Finding> {
  const { body } = await api.ask("/version");
  const parsed = versionSchema.safeParse(body);
  if (!parsed.success) return finding("server", "wrong", "what answers there is not Freshet");
  const { version: theirs, environment } = parsed.data;
  const detail = `freshet ${theirs}, environment ${environment}`;
  if (theirs === version) return finding("server", "ok", detail);
  return finding("server", "warning", `${detail}; this command is of ${version}`);
}

/** Reading the audit needs a token that may administer, and changes nothing. */
async function lookAtToken({ api }: Context): Promise<Finding> {
  const { status } = await api.ask("/v1/audit", { limit: "1" });
  if (status !== 401) return finding("token", "ok", "may administer");
  return api.hasToken
    ? finding("token", "wrong", "the server does not take it")
    : finding("token", "warning", "none: reading only. Set FRESHET_TOKEN or give --token");
}

async function lookAtHealth({ api }: Context): Promise<readonly Finding[]> {
  const { status, body } = await api.ask("/health");
  const parsed = healthSchema.safeParse(body);
  if (!parsed.success) {
    const detail = detailOf(body) ?? `answers ${status}`;
    return [finding("health", "wrong", detail)];
  }
  const { dependencies, ready } = parsed.data;
  const each = Object.entries(dependencies).map(([name, dependency]) => {
    const word = dependencyWord(dependency);
    const isDown = dependency.status === "down";
    // Predictions go on without Redis, not without a store.
    const verdict = isDown ? (name === "s3" ? "wrong" : "warning") : "ok";
    return finding(name, verdict, word);
  });
  return [
    ...each,
    ready ? finding("ready", "ok", "it can serve") : finding("ready", "wrong", "no"),
  ];
}

const conditionsSchema = z.looseObject({ create: z.string(), replace: z.string() });

/** Tried on a key that the server removes again; only a token that may administer gets an answer. */
async function lookAtConditions({ api }: Context): Promise<readonly Finding[]> {
  const { status, body } = await api.ask("/v1/store/probe", {}, "POST");
  if (status === 401) return [];
  const check = "conditional writes";
  const parsed = conditionsSchema.safeParse(body);
  if (!parsed.success) {
    return [finding(check, "wrong", detailOf(body) ?? `the server answers ${status}`)];
  }
  const { create, replace } = parsed.data;
  if (create === "enforced" && replace === "enforced") {
    return [finding(check, "ok", "the store enforces If-None-Match and If-Match")];
  }
  const detail = `the store has If-None-Match ${create} and If-Match ${replace}: two writers at once would lose one another's work. Take a store that enforces both`;
  return [finding(check, "wrong", detail)];
}

async function lookAtRegistry({ api }: Context): Promise<Finding> {
  const { status, body } = await api.ask("/v1/storage");
  const parsed = z.looseObject({ versions: z.number(), models: z.number() }).safeParse(body);
  if (!parsed.success) {
    return finding("registry", status === 401 ? "warning" : "wrong", detailOf(body) ?? "no answer");
  }
  const { versions, models } = parsed.data;
  return finding("registry", "ok", `${plural(models, "model")}, ${plural(versions, "version")}`);
}

function detailOf(body: unknown): string | undefined {
  const parsed = z.looseObject({ detail: z.string() }).safeParse(body);
  return parsed.success ? parsed.data.detail : undefined;
}

function renderFindings(findings: readonly Finding[], style: Style): string {
  const marks = { ok: style.good("ok  "), warning: style.warn("warn"), wrong: style.bad("bad ") };
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .map(({ check, verdict, detail }) => `${marks[verdict]}  ${check.padEnd(width)}  ${detail}`)
    .join("\n");
}
