import { readFixture } from "./fixtures.ts";
import { type ClientAnswer, inferJson } from "./infer.ts";

const iris = readFixture("iris-logreg", "1");

/** As `model.json` of the fixture states it. */
const TOLERANCE = 1e-4;

/** Bytes of the same model that nobody else has: ONNX readers pass over a field that they do not know. */
export const irisBytes = (mark: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([...iris.bytes, 0x9a, 0x3e, 0x02, mark >> 8, mark & 0xff]);

/** What a caller got for one flower of the hold-out set. */
export interface IrisAnswer extends ClientAnswer {
  readonly version: string | null;
  /** 200 with what the model's own library answers for this flower. */
  readonly isRight: boolean;
}

/** Asks for one flower of the hold-out set, by its number. */
export async function askIris(url: string, reference: string, flower = 0): Promise<IrisAnswer> {
  const at = flower % iris.rows.length;
  const answer = await inferJson(url, `/v2/models/${reference}/infer`, iris.rows.slice(at, at + 1));
  return {
    ...answer,
    version: answer.headers.get("x-freshet-version"),
    isRight: answer.status === 200 && isAsExpected(answer, at),
  };
}

function isAsExpected({ outputs }: ClientAnswer, at: number): boolean {
  return Object.entries(iris.expected).every(([name, rows]) => {
    const data = outputs.find((output) => output.name === name)?.data ?? [];
    const expected = [rows[at]].flat();
    return (
      data.length === expected.length && expected.every((value, index) => near(data[index], value))
    );
  });
}

const near = (actual: unknown, expected: unknown): boolean =>
  typeof expected === "number"
    ? Math.abs(Number(actual) - expected) < TOLERANCE
    : actual === expected;
