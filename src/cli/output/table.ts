import { type Style, widthOf } from "./style.ts";

export interface Column {
  readonly title: string;
  readonly align?: "right";
  /** Shortened, the widest first, when the terminal is too narrow. */
  readonly flexible?: true;
  /** Shortened before those, and left out when that is not enough; the last one first. */
  readonly optional?: true;
}

const GAP = "  ";
const LEAST_WIDTH = 10;

/** Rows as aligned columns, within `maxWidth` where columns can give way. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
  maxWidth: number,
): string {
  const widths = fitWidths(columns, naturalWidths(columns, rows), maxWidth);
  const line = (cells: readonly string[], tint: (text: string) => string) =>
    columns
      .flatMap(({ align }, index) => {
        const width = widths[index] ?? 0;
        if (width === 0) return [];
        const cell = shorten(cells[index] ?? "", width);
        const padding = " ".repeat(Math.max(0, width - widthOf(cell)));
        return [tint(align === "right" ? padding + cell : cell + padding)];
      })
      .join(GAP)
      .trimEnd();
  const head = line(
    columns.map(({ title }) => title),
    style.bold,
  );
  return [head, ...rows.map((row) => line(row, (text) => text))].join("\n");
}

/** `name  value` lines, the names aligned. */
export function renderFacts(
  facts: readonly (readonly [name: string, value: string | undefined])[],
  style: Style,
): string {
  const told = facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
  const width = Math.max(0, ...told.map(([name]) => name.length));
  return told.map(([name, value]) => `${style.dim(name.padEnd(width))}  ${value}`).join("\n");
}

const naturalWidths = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly number[] =>
  columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ""))),
  );

/** Widths of the columns; 0 for one that is left out. */
function fitWidths(
  columns: readonly Column[],
  natural: readonly number[],
  maxWidth: number,
): readonly number[] {
  let widths = natural;
  for (const [index, { optional }] of [...columns.entries()].reverse()) {
    if (optional === undefined || overBy(widths, maxWidth) <= 0) continue;
    const left = (widths[index] ?? 0) - overBy(widths, maxWidth);
    widths = widths.with(index, left < LEAST_WIDTH ? 0 : left);
  }
  while (overBy(widths, maxWidth) > 0) {
    const flexible = [...widths.entries()].filter(([index]) => columns[index]?.flexible);
    const [widest, width] = flexible.reduce((best, one) => (one[1] > best[1] ? one : best), [0, 0]);
    if (width <= LEAST_WIDTH) break;
    widths = widths.with(widest, width - 1);
  }
  return widths;
}

function overBy(widths: readonly number[], maxWidth: number): number {
  const shown = widths.filter((width) => width > 0);
  const gaps = GAP.length * Math.max(0, shown.length - 1);
  return shown.reduce((sum, width) => sum + width, gaps) - maxWidth;
}

function shorten(cell: string, width: number): string {
  if (widthOf(cell) <= width) return cell;
  let [kept, left] = ["", width - 1];
  for (const { segment } of LETTERS.segment(cell)) {
    left -= widthOf(segment);
    if (left < 0) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** As they are seen: an emoji may be many code points. */
const LETTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });
