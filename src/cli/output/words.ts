import { printable } from "./style.ts";
import { formatNumber } from "./units.ts";

export interface SpecLike {
  readonly name: string;
  readonly datatype?: string | undefined;
  /** -1, a name or null: an open dimension. */
  readonly shape?: readonly (number | string | null)[] | undefined;
}

export interface RouteLike {
  readonly weights: Readonly<Record<string, number>>;
  readonly shadow?: string | undefined;
}

/** A tensor as `features FP32 [?, 4]`. */
export const formatSpec = ({ name, datatype = "any type", shape }: SpecLike): string =>
  `${printable(name)} ${datatype} ${shape === undefined ? "of any shape" : `[${shape.map(formatDimension).join(", ")}]`}`;

const formatDimension = (size: number | string | null): string =>
  typeof size === "number" && size >= 0 ? String(size) : "?";

/** A route as `2`, `1 90% + 2 10%`, with its shadow. */
export function formatRoute(route: RouteLike | null | undefined): string {
  if (route == null) return "-";
  const shares = Object.entries(route.weights);
  const [only] = shares;
  const text =
    shares.length === 1 && only !== undefined
      ? only[0]
      : shares.map(([version, share]) => `${version} ${share}%`).join(" + ");
  return route.shadow === undefined ? text : `${text} (shadow ${route.shadow})`;
}

/** `k=v` pairs in one line. */
export const formatPairs = (pairs: Readonly<Record<string, unknown>>): string =>
  Object.entries(pairs)
    .map(([key, value]) => `${printable(key)}=${formatValue(value)}`)
    .join(", ");

/** Any JSON value in one line. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return "-";
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return printable(value);
  return printable(JSON.stringify(value));
}
