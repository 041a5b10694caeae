import type { Command } from "commander";
import { z } from "zod";
import { readReference } from "../arguments.ts";
import { backupSchema, restoredSchema, verifiedSchema } from "../client/server-answers.ts";
import { untilDone } from "../client/until-done.ts";
import { addCommand, addGroup, withContext } from "../command.ts";
import type { Context, Terminal } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { CliFailure, type FieldError, usageFailure } from "../failure.ts";
import { describe } from "../output/describe.ts";
import { formatBytes, plural } from "../output/units.ts";

interface RestoreOptions {
  readonly all?: boolean;
  readonly overwritePointer?: boolean;
  readonly reason?: string;
}

/** `backup` and `restore`: the second bucket. */
export function addBackupCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, "backup", "the copy of the registry in a second bucket");
  addCommand(group, "run", "copy now what the second bucket lacks", [
    ["backup run", "to the end, however long; cron does it by itself, in steps"],
  ]).action(withContext(terminal, runBackup));
  addCommand(group, "status", "how the last backup went", [
    ["backup status", "as the server knows it"],
  ]).action(withContext(terminal, status));
  addCommand(group, "verify", "read the copies again and check their digests", [
    ["backup verify", "exit code 1 when one is missing or damaged"],
  ]).action(withContext(terminal, verifyBackup));
  addCommand(
    program,
    "restore [name[@version]]",
    "bring back from the second bucket what is lost",
    [
      ["restore iris", "versions, history and pointer, where they are missing"],
      ["restore iris@3", "one version"],
      ["restore --all", "the whole registry, into an empty bucket for example"],
    ],
  )
    .option("--all", "every model")
    .option("--overwrite-pointer", "move aliases that exist to where the copy has them")
    .option("--reason <text>", "why, for the history")
    .action(withContext(terminal, restore));
}

async function runBackup(context: Context): Promise<void> {
  let [copied, unchanged, bytes] = [0, 0, 0];
  const last = await untilDone(context, async () => {
    const report = await context.api.call(backupSchema, "POST", "/v1/backup/run", {});
    copied += report.copied;
    unchanged += report.unchanged;
    bytes += report.bytes;
    return { report, told: `${copied} copied so far` };
  });
  const whole = { ...last, copied, unchanged, bytes };
  context.print(
    whole,
    () => `${copied} copied (${formatBytes(bytes)}), ${unchanged} were there already`,
  );
  failIfAny("backup_incomplete", "objects could not be copied", last);
}

const statusSchema = z.looseObject({ last: backupSchema.nullable() });

async function status(context: Context): Promise<void> {
  const found = await context.api.get(statusSchema, "/v1/backup");
  context.print(found, () =>
    found.last === null
      ? "there was no backup yet: freshet backup run"
      : describe(found.last, context.style, context.width),
  );
}

async function verifyBackup(context: Context): Promise<void> {
  let [verified, bytes] = [0, 0];
  let from: string | undefined;
  const errors: FieldError[] = [];
  const last = await untilDone(context, async () => {
    const report = await context.api.call(verifiedSchema, "POST", "/v1/backup/verify", { from });
    from = report.next;
    verified += report.verified;
    bytes += report.bytes;
    for (const { model, version, reason } of report.failed) {
      errors.push({ path: `${model}@${version}`, message: reason });
    }
    for (const { model, version } of report.missing) {
      errors.push({ path: `${model}@${version}`, message: "missing" });
    }
    return { report, told: `${verified} verified so far` };
  });
  const ok = errors.length === 0;
  const { done } = last;
  context.print(
    { ok, done, verified, bytes, errors },
    () => `${plural(verified, "version")} verified (${formatBytes(bytes)})`,
  );
  if (ok) return;
  throw new CliFailure(EXIT.refused, "the second bucket is not whole", {
    code: "backup_damaged",
    hint: "`freshet backup run` copies again what is missing.",
    errors,
  });
}

async function restore(
  context: Context,
  word: string | undefined,
  { all, overwritePointer, reason }: RestoreOptions,
): Promise<void> {
  if ((word === undefined) === (all !== true)) {
    throw usageFailure("say what to restore: a model, one version of it, or --all");
  }
  const what = word === undefined ? {} : whatOf(word);
  const body = { ...what, overwrite_pointer: overwritePointer, reason };
  let [restored, bytes] = [0, 0];
  const last = await untilDone(context, async () => {
    const report = await context.api.call(restoredSchema, "POST", "/v1/restore", body);
    restored += report.restored;
    bytes += report.bytes;
    return { report, told: `${plural(restored, "object")} restored so far` };
  });
  context.print({ ...last, restored, bytes }, () =>
    [
      `${plural(restored, "object")} restored (${formatBytes(bytes)})`,
      ...Object.entries(last.pointers).map(([model, became]) => `  ${model}: pointer ${became}`),
    ].join("\n"),
  );
  failIfAny("restore_incomplete", "objects could not be restored", last);
}

function whatOf(word: string): { readonly model: string; readonly version?: string } {
  const { model, selector, isBare } = readReference(word);
  if (isBare) return { model };
  if (selector.kind === "version") return { model, version: selector.version };
  throw usageFailure(`'${word}' names no version`, `Write ${model} or ${model}@3.`);
}

function failIfAny(
  code: string,
  what: string,
  {
    failures,
    failed,
  }: {
    readonly failures: number;
    readonly failed: readonly { readonly key: string; readonly reason: string }[];
  },
): void {
  if (failures === 0) return;
  const errors = failed.map(({ key, reason }) => ({ path: key, message: reason }));
  const hint = "Run it again once the buckets answer; `freshet doctor` looks.";
  throw new CliFailure(EXIT.refused, `${failures} ${what}`, { code, hint, errors });
}
