import { copyFile, readFile, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { writeNote } from "../../src/cli/predict/file/begun.ts";
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

it("a file that is cut anywhere and gone on with is the file that would have been", async () => {
  const path = await writeTemporary("none", "");
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 12 }),
      fc.constantFrom("csv", "ndjson", "json"),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.boolean(),
      async (rows, form, share, isKilled) => {
        run += 1;
        const place = (name: string) => join(dirname(path), `${name}-${run}.${form}`);
        const csv = `x,error\n${rows.map(({ cells }) => `${cells.map(quoted).join(",")}\n`).join("")}`;

        async function write(out: string, begun?: Begun, given?: RowSource, end = rows.length) {
          const { input, source } = given === undefined ? open() : { input: header, source: given };
          const onRenamed = () => undefined;
          const file = createResultsFile(out, { form, begun, header: input.header, onRenamed });
          for (let at = begun?.rows ?? 0; at < end && (await source.hasMore()); at += 1) {
            const own = await source.pass();
            const result = resultOf(rows[at]?.isOk === true, at);
            await file.add(result, JSON.stringify(result), own?.cells);
          }
          return file;
        }
        const open = () => {
          async function* bytes() {
            yield Buffer.from(csv);
          }
          const input = { ...readRows("csv", bytes(), "x"), totalBytes: 0, bytesRead: () => 0 };
          return { input, source: new RowSource(input.rows()) };
        };
        const header = { header: () => ["x", "error"] };

        const whole = place("whole");
        await (await write(whole)).close();
        const out = place("out");
        const partial = partialOf(out);
        if (isKilled) {
          await copyFile(whole, partial);
          const { length } = await readFile(whole);
          await truncate(partial, Math.floor(length * share));
          await writeNote(partial, note);
        } else {
          const broken = await write(out, undefined, undefined, Math.floor(rows.length * share));
          await writeNote(partial, note);
          await broken.abandon();
        }
        const { input, source } = open();
        const job = { word: "m", file: "x", partial, form };
        const begun = await resume({ note: () => undefined }, job, input, source);
        await (await write(out, begun, source)).close();
        expect(await readFile(out, "utf8")).toBe(await readFile(whole, "utf8"));
      },
    ),
    { numRuns: 400 },
  );
});
