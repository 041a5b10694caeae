/** One tensor of an answer; 64-bit integers come as numbers or as text. */
interface AnsweredTensor {
  readonly name: string;
  readonly data: readonly (number | string)[];
}

/**
 * Sends one inference and reads its answer to the end.
 * @returns the outputs' numbers by name
 * @throws with the answer's text when it is not 200
 */
export async function ask(url: string, body: string): Promise<Readonly<Record<string, number[]>>> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", body, headers });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text.slice(0, 400)}`);
  const { outputs } = JSON.parse(text) as { outputs: readonly AnsweredTensor[] };
  return Object.fromEntries(outputs.map(({ name, data }) => [name, data.map(Number)]));
}

const TOLERANCE = 1e-4;

/** @throws when two contenders do not answer the same: their speeds say nothing then */
export function expectSameAnswer(
  expected: Readonly<Record<string, readonly number[]>>,
  actual: Readonly<Record<string, readonly number[]>>,
): void {
  const same = Object.entries(expected).every(([name, numbers]) => {
    const others = actual[name];
    return others?.length === numbers.length && numbers.every((n, i) => isNear(n, others[i]));
  });
  if (!same) {
    throw new Error(`answers differ: ${JSON.stringify(expected)} and ${JSON.stringify(actual)}`);
  }
}

const isNear = (a: number, b: number | undefined): boolean =>
  b !== undefined && Math.abs(a - b) <= TOLERANCE;
