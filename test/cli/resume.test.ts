import { copyFile, readFile, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { addMark, writeNote } from "../../src/cli/predict/file/begun-note.ts";
import { readRows } from "../../src/cli/predict/file/read-rows.ts";
import { failedResult, type Result } from "../../src/cli/predict/file/result.ts";
import { type Begun, resume } from "../../src/cli/predict/file/resume.ts";
import { RowSource } from "../../src/cli/predict/file/row-source.ts";
import { createResultsFile, partialOf } from "../../src/cli/predict/file/write-results.ts";
import { writeTemporary } from "./write-fixture.ts";

const note = { word: "m", model: "m", version: "1" };
const cell = fc.stringMatching(/^[a",\r\n é]{0,5}$/);

/** A row's own cells, and whether it has an answer. */
const row = fc.record({ cells: fc.tuple(cell, cell), isOk: fc.boolean() });

const resultOf = (isOk: boolean, place: number): Result =>
  isOk
    ? { ok: true, prediction_id: `p${place}`, label: "b", probabilities: { a: 0.25, "b,": 0.75 } }
    : failedResult(place, 'is "wrong",\nquite');

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

type Form = "csv" | "ndjson" | "json";
type Row = { readonly cells: readonly string[]; readonly isOk: boolean };

const forms = fc.constantFrom<Form[]>("csv", "ndjson", "json");
const share = fc.double({ min: 0, max: 1, noNaN: true });
/** Whether there is a mark after each row. */
const marks = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 });

const csvOf = (rows: readonly Row[]) =>
  `x,error\n${rows.map(({ cells }) => `${cells.map(quoted).join(",")}\n`).join("")}`;

function open(rows: readonly Row[]) {
  async function* bytes() {
    yield Buffer.from(csvOf(rows));
  }
  const input = { ...readRows("csv", bytes(), "x"), totalBytes: 0, bytesRead: () => 0 };
  return { input, source: new RowSource(input.rows()) };
}

interface Writing {
  readonly form: Form;
  readonly out: string;
  readonly begun?: Begun | undefined;
  /** What is left of the rows. */
  readonly source?: RowSource;
  /** Rows that are answered. */
  readonly end?: number;
  readonly marks?: readonly boolean[];
}

/** Writes results as `predict --out` does, without a server. */
async function write(rows: readonly Row[], writing: Writing) {
  const { form, out, begun, source = open(rows).source, end = rows.length } = writing;
  const header = () => ["x", "error"];
  const file = createResultsFile(out, { form, begun, header, onRenamed: () => undefined });
  if (begun === undefined) await writeNote(partialOf(out), note);
  for (let at = begun?.rows ?? 0; at < end && (await source.hasMore()); at += 1) {
    const own = await source.pass();
    const result = resultOf(rows[at]?.isOk === true, at);
    await file.add(result, JSON.stringify(result), own?.cells);
    const mark = { rows: at + 1, digest: source.digest };
    if (writing.marks?.[at] === true || at + 1 === end) await addMark(partialOf(out), mark);
  }
  return file;
}

const path = await writeTemporary("none", "");
let run = 0;
const newPlaces = (form: Form) => {
  run += 1;
  return ["whole", "out"].map((name) => join(dirname(path), `${name}-${run}.${form}`)) as [
    string,
    string,
  ];
};

const goOn = (form: Form, out: string, rows: readonly Row[]) => {
  const { input, source } = open(rows);
  const job = { word: "m", file: "x", partial: partialOf(out), form };
  const begun = resume({ note: () => undefined }, job, input, source);
  return { source, begun };
};

it("a file that is cut anywhere and gone on with is the file that would have been", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 12 }),
      ...[forms, share, fc.boolean(), marks],
      async (rows, form, share, isKilled, marks) => {
        const [whole, out] = newPlaces(form);
        const partial = partialOf(out);
        await (await write(rows, { form, out: whole })).close();
        const end = isKilled ? rows.length : Math.floor(rows.length * share);
        await (await write(rows, { form, out, end, marks })).abandon();
        if (isKilled) {
          await copyFile(whole, partial);
          const { length } = await readFile(whole);
          await truncate(partial, Math.floor(length * share));
        }
        const { source, begun } = goOn(form, out, rows);
        const good = await begun;
        if (!isKilled && rows.slice(0, end).some(({ isOk }) => isOk)) expect(good?.rows).toBe(end);
        await (await write(rows, { form, out, begun: good, source })).close();
        expect(await readFile(out, "utf8")).toBe(await readFile(whole, "utf8"));
      },
    ),
    { numRuns: 400 },
  );
});

it("no result of other rows is gone on with, wherever they differ; rows after them may", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 2, maxLength: 12 }),
      ...[forms, share, share, marks, fc.constantFrom("change", "drop", "insert", "swap")],
      async (rows, form, share, cutShare, marks, how) => {
        const [, out] = newPlaces(form);
        const partial = partialOf(out);
        const end = 1 + Math.floor((rows.length - 1) * share);
        await (await write(rows, { form, out, end, marks })).abandon();
        const { length } = await readFile(partial);
        // Up to a whole file: a process that was killed, or not.
        await truncate(partial, Math.min(length, Math.ceil(length * (0.3 + cutShare))));
        const at = Math.floor((rows.length - 2) * cutShare);
        const others = changed(rows, at, how);
        const { begun } = goOn(form, out, others);
        const good = await begun.catch((error: Error) => {
          expect(error.message).toMatch(/ is not of x: (row|one of its rows|it has) /);
          return undefined;
        });
        const kept = good?.rows ?? 0;
        expect(csvOf(others.slice(0, kept))).toBe(csvOf(rows.slice(0, kept)));
        if (at >= end && how !== "drop") await expect(begun).resolves.not.toThrow();
      },
    ),
    { numRuns: 400 },
  );
});

function changed(rows: readonly Row[], at: number, how: string): readonly Row[] {
  const other = { cells: ["other", `${at}`], isOk: true };
  if (how === "swap") {
    const [a, b] = [rows[at], rows[at + 1]] as [Row, Row];
    return [...rows.slice(0, at), b, a, ...rows.slice(at + 2)];
  }
  const between = how === "drop" ? [] : [other];
  return [...rows.slice(0, at), ...between, ...rows.slice(how === "insert" ? at : at + 1)];
}
