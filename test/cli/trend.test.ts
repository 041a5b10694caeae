import { describe, expect, it } from "vitest";
import { renderTrend } from "../../src/cli/output/trend.ts";

const days = (...values: readonly number[]) =>
  values.map((value, place) => {
    const day = new Date(Date.UTC(2026, 10, 29) - (values.length - place) * 86_400_000);
    return { day: day.toISOString().slice(0, 10), value };
  });

const WIDE = Number.POSITIVE_INFINITY;

describe("a trend", () => {
  it("is none of no day, and of one", () => {
    expect(renderTrend("accuracy", [], WIDE)).toBeUndefined();
    expect(renderTrend("accuracy", days(0.9), WIDE)).toBeUndefined();
  });

  it("has a bar for each day, oldest first, between the lowest and the highest", () => {
    expect(renderTrend("accuracy", days(0.5, 1, 0.75), WIDE)).toBe(
      "accuracy by day  ▁█▅  0.5 to 1, 2026-11-26 to 2026-11-28",
    );
  });

  it("is level where all days are equal", () => {
    expect(renderTrend("rmse", days(2, 2), WIDE)).toContain("  ▅▅  2 to 2,");
  });

  it("shows the last days where all of them have no room", () => {
    const year = days(...Array.from({ length: 365 }, (_, place) => place));
    expect(renderTrend("rmse", year, WIDE)).toMatch(/ {2}[▁-█]{365} {2}0 to 364,/);
    const narrow = renderTrend("rmse", year, 80) ?? "";
    expect(narrow.length).toBeLessThanOrEqual(80);
    expect(narrow).toMatch(/ {2}▁[▁-█]{25,}█ {2}\d+ to 364, 2026-\d\d-\d\d to 2026-11-28$/);
    expect(renderTrend("rmse", year, 10)).toMatch(/ {2}▁[▁-█]{5}█ {2}358 to 364,/);
  });
});
