const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Bytes for people: `358 B`, `1.4 MiB`. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes == null) return "-";
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || Math.abs(value) >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Milliseconds for people: `0.02 ms`, `41 ms`, `2.1 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(2)} ms`;
}

/** A time as `2026-11-25 10:45:18`, UTC. */
export const formatTime = (iso: string | undefined): string =>
  iso === undefined ? "-" : iso.replace("T", " ").replace(/(\.\d+)?Z$/, "");

/** A number as it is, or with six significant digits where it is longer. */
export const formatNumber = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));

/** A count with its word: `1 version`, `3 entries`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
