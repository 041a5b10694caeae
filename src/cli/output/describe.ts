import { type Style, widthOf } from "./style.ts";
import { renderTable } from "./table.ts";
import { formatValue } from "./words.ts";

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Any JSON answer for people: a field a line, objects indented, lists of objects as tables. */
export function describe(value: unknown, style: Style, maxWidth: number): string {
  return lines(value, style, maxWidth, "").join("\n");
}

function lines(value: unknown, style: Style, maxWidth: number, indent: string): readonly string[] {
  if (!isFields(value)) return [indent + formatValue(value)];
  const width = Math.max(0, ...Object.keys(value).map(widthOf));
  return Object.entries(value).flatMap(([name, field]) => {
    const label = `${indent}${style.dim(name.padEnd(width))}  `;
    if (isFields(field) && Object.keys(field).length > 0) {
      return [`${indent}${style.dim(name)}`, ...lines(field, style, maxWidth, `${indent}  `)];
    }
    if (Array.isArray(field) && field.length > 0 && field.every(isFields)) {
      return [`${indent}${style.dim(name)}`, ...table(field, style, maxWidth, `${indent}  `)];
    }
    return [label + (Array.isArray(field) ? listed(field) : formatValue(field))];
  });
}

const listed = (values: readonly unknown[]): string =>
  values.length === 0 ? "none" : values.map(formatValue).join(", ");

function table(
  rows: readonly Fields[],
  style: Style,
  maxWidth: number,
  indent: string,
): readonly string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const text = renderTable(
    names.map((title) => ({ title, flexible: true })),
    rows.map((row) => names.map((name) => formatValue(row[name]))),
    style,
    maxWidth - indent.length,
  );
  return text.split("\n").map((line) => indent + line);
}
