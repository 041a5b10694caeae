import type { Contender } from "./result.ts";

/**
 * Measures the same several times over, each time by processes of its own, and puts the rounds
 * together: what compiler and heap make of a process differs from one to the next by a tenth, and
 * stays so for as long as it lives.
 * @param sit starts the processes, takes the rounds, and answers the same contenders each time
 */
export async function inSittings(
  count: number,
  sit: (sitting: number) => Promise<readonly Contender[]>,
): Promise<readonly Contender[]> {
  let all: readonly Contender[] = [];
  for (let sitting = 1; sitting <= count; sitting += 1) {
    const measured = await sit(sitting);
    all = sitting === 1 ? measured : all.map((one, place) => joined(one, measured[place]));
  }
  return all;
}

function joined(one: Contender, next: Contender | undefined): Contender {
  if (next?.name !== one.name) throw new Error(`'${one.name}' was not measured again`);
  const details = Object.entries(one.details).map(([name, values]) => {
    return [name, [...values, ...(next.details[name] ?? [])]];
  });
  return {
    ...one,
    values: [...one.values, ...next.values],
    details: Object.fromEntries(details),
  };
}
