import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCsv } from "../../../src/http/predict/parse-csv.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

function recordsOf(text: string, maxRecords = 1_000) {
  const parsed = parseCsv(bytesOf(text), maxRecords);
  if (!parsed.ok) throw new Error(parsed.failure.detail);
  return parsed.value.records;
}

describe("a table of one column", () => {
  it("has a record where a line is an empty cell in quotes, as pandas writes a missing value", () => {
    expect(recordsOf('a\n1\n""\n2\n')).toEqual([["1"], [""], ["2"]]);
    expect(recordsOf('a\r\n""\r\n\r\n2\r\n""')).toEqual([[""], ["2"], [""]]);
  });

  it("has none where a line has no character", () => {
    expect(recordsOf("a\n1\n\n2\n\n")).toEqual([["1"], ["2"]]);
    expect(recordsOf('\n\na\n""\n\n\n""\n')).toEqual([[""], [""]]);
  });

  it("keeps an empty line within a cell, and one of blanks", () => {
    expect(recordsOf('a\n""\n"\n\n"\n ')).toEqual([[""], ["\n\n"], [" "]]);
  });

  it("is as it was written, whatever its cells are", () => {
    const cell = fc.oneof(fc.constant(""), fc.string({ maxLength: 4 }), fc.constant('"\n\n""'));
    const written = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, fc.nat({ max: 2 }))),
        fc.constantFrom("\n", "\r\n"),
        (rows, end) => {
          const lines = rows.map(([text, empty]) => `${written(text)}${end.repeat(1 + empty)}`);
          const records = recordsOf(`a${end}${lines.join("")}`);
          expect(records).toEqual(rows.map(([text]) => [text]));
        },
      ),
    );
  });

  it("is read no further than it has to be", () => {
    expect(recordsOf(`a\n${'""\n'.repeat(100)}`, 10)).toHaveLength(11);
    const parsed = parseCsv(bytesOf(`a\n""\n${"\n".repeat(200_000)}`), 10);
    expect(parsed).toMatchObject({ ok: false, failure: { reason: "invalid_csv" } });
  });

  it("says which record is damaged", () => {
    const parsed = parseCsv(bytesOf('a\n""\n"1\n'), 10);
    const detail = expect.stringMatching(/record 3: .*quote/);
    expect(parsed).toMatchObject({ ok: false, failure: { detail } });
  });
});
