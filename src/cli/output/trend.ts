/** One figure of one day. */
export interface DayFigure {
  /** `2026-11-28`. */
  readonly day: string;
  readonly value: number;
}

const BARS = "▁▂▃▄▅▆▇█";
/** Bars that are always shown, however narrow the terminal. */
const LEAST_BARS = 7;

/**
 * A bar for each day, oldest first, the lowest and the highest of them told; nothing of fewer than
 * two. Where the days do not fit, the last ones are shown.
 * @param width columns of the terminal
 */
export function renderTrend(
  title: string,
  days: readonly DayFigure[],
  width: number,
): string | undefined {
  if (days.length < 2) return undefined;
  const line = `${title} by day  ${barsOf(days)}${tail(days)}`;
  const isTooLong = line.length > width && days.length > LEAST_BARS;
  return isTooLong ? renderTrend(title, days.slice(1), width) : line;
}

function barsOf(days: readonly DayFigure[]): string {
  const [low, high] = range(days);
  return days
    .map(({ value }) => {
      const height = high === low ? 0.5 : (value - low) / (high - low);
      return BARS[Math.round(height * (BARS.length - 1))];
    })
    .join("");
}

function tail(days: readonly DayFigure[]): string {
  const [low, high] = range(days);
  const [first = "", last = ""] = [days[0]?.day, days.at(-1)?.day];
  return `  ${numberOf(low)} to ${numberOf(high)}, ${first} to ${last}`;
}

const range = (days: readonly DayFigure[]): readonly [low: number, high: number] => {
  const values = days.map(({ value }) => value);
  return [Math.min(...values), Math.max(...values)];
};

/** Four digits; `-` for what is not known. */
export const numberOf = (value: number | undefined): string =>
  value === undefined ? "-" : String(Number(value.toPrecision(4)));
