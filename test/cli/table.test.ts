import { describe, expect, it } from "vitest";
import { createStyle, printable } from "../../src/cli/output/style.ts";
import { renderTable } from "../../src/cli/output/table.ts";

const COLUMNS = [
  { title: "MODEL" },
  { title: "SERVES", flexible: true },
  { title: "NOTE", optional: true },
] as const;
const ROWS = [
  ["iris", "production 1 90% + 2 10%", "a long note about flowers"],
  ["wine", "production 1", ""],
];

const linesAt = (width: number) =>
  renderTable(COLUMNS, ROWS, createStyle(false), width).split("\n");

describe("a table", () => {
  it("shows everything where there is room", () => {
    expect(linesAt(Number.POSITIVE_INFINITY)).toEqual([
      "MODEL  SERVES                    NOTE",
      "iris   production 1 90% + 2 10%  a long note about flowers",
      "wine   production 1",
    ]);
  });

  it("shortens what is optional, then leaves it out, then shortens what is flexible", () => {
    expect(linesAt(45)[1]).toBe("iris   production 1 90% + 2 10%  a long note…");
    expect(linesAt(40)[1]).toBe("iris   production 1 90% + 2 10%");
    expect(linesAt(25)[1]).toBe("iris   production 1 90% …");
  });

  it("counts two columns for letters that take two", () => {
    const rows = [
      ["日本語", "製品 1", "x"],
      ["iris", "👩‍🔬 production", "y"],
    ];
    expect(renderTable(COLUMNS, rows, createStyle(false), 100).split("\n")).toEqual([
      "MODEL   SERVES         NOTE",
      "日本語  製品 1         x",
      "iris    👩‍🔬 production  y",
    ]);
    const narrow = [["m", "日本語の長い名前です", ""]];
    expect(renderTable(COLUMNS, narrow, createStyle(false), 18).split("\n")[1]).toBe(
      "m      日本語の長…",
    );
  });

  it("counts columns without their colours", () => {
    const coloured = renderTable(COLUMNS, ROWS, createStyle(true), 40).split("\n");
    expect(coloured[0]).toContain("\u001b[1m");
    expect(coloured[1]).toBe("iris   production 1 90% + 2 10%");
  });
});

it("text from elsewhere cannot write on the screen", () => {
  expect(printable("a\u001b[2Jb\u0007\nc")).toBe("a [2Jb c");
});
