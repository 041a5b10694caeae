import type { Contender } from "./result.ts";

/** Someone to be measured: one call is one round, and answers the value with its details. */
export interface Runner {
  readonly name: string;
  readonly against?: string;
  measure(): Promise<Measurement>;
}

export interface Measurement {
  readonly value: number;
  readonly details: Readonly<Record<string, number>>;
}

/**
 * Measures A B C B C A C A B …: a slow minute of the machine hits neighbours alike, and nobody
 * always comes after the one who leaves the machine busiest.
 * @param onRound told after each round, with the values in the order of the runners
 */
export async function interleave(
  runners: readonly Runner[],
  rounds: number,
  onRound: (round: number, values: readonly number[]) => void,
): Promise<readonly Contender[]> {
  const measured = runners.map((): Measurement[] => []);
  for (let round = 1; round <= rounds; round += 1) {
    for (const place of runners.keys()) {
      const index = (place + round - 1) % runners.length;
      const runner = runners[index];
      if (runner !== undefined) measured[index]?.push(await measureNamed(runner));
    }
    onRound(
      round,
      measured.map((own) => own.at(-1)?.value ?? Number.NaN),
    );
  }
  return runners.map(({ name, against }, index) => ({
    name,
    ...(against === undefined ? {} : { against }),
    values: (measured[index] ?? []).map(({ value }) => value),
    details: columns(measured[index] ?? []),
  }));
}

async function measureNamed({ name, measure }: Runner): Promise<Measurement> {
  try {
    return await measure();
  } catch (cause) {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function columns(measured: readonly Measurement[]): Record<string, number[]> {
  const names = Object.keys(measured[0]?.details ?? {});
  return Object.fromEntries(
    names.map((name) => [name, measured.map(({ details }) => details[name] ?? Number.NaN)]),
  );
}
