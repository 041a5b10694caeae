import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FIXTURES = join(import.meta.dirname, "..", "fixtures");
const EXAMPLES = join(import.meta.dirname, "..", "..", "examples", "models");

/** A trained model with its hold-out rows and what its own library answers for them. */
export interface Fixture {
  readonly name: string;
  readonly version: string;
  /** One row of features each, in the model's order. */
  readonly rows: readonly (readonly number[])[];
  /** By output name; probabilities nested by row. */
  readonly expected: Readonly<Record<string, readonly unknown[]>>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Every fixture model in every version. */
export const fixtureNames = (): readonly (readonly [name: string, version: string])[] =>
  readdirSync(join(FIXTURES, "models")).flatMap((name) =>
    readdirSync(join(FIXTURES, "models", name))
      .filter((entry) => /^v\d+$/.test(entry))
      .map((entry) => [name, entry.slice(1)] as const),
  );

/** Reads one fixture from the repository. */
export function readFixture(name: string, version: string): Fixture {
  const folder = join(FIXTURES, "models", name);
  const { features } = readJson(join(folder, `v${version}`, "model.json"));
  const { outputs } = readJson(join(folder, `v${version}`, "expected.json"));
  const columns = features.map((feature: { readonly name: string }) => feature.name);
  return {
    name,
    version,
    rows: readCsv(join(folder, "holdout.csv"), columns),
    expected: outputs,
    bytes: readModel(name, version),
  };
}

/** A file of the invalid or quirky ones. */
export const readFixtureFile = (
  folder: "invalid" | "quirks",
  file: string,
): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(FIXTURES, folder, file)));

// What stands among the examples is not kept twice.
function readModel(name: string, version: string): Uint8Array<ArrayBuffer> {
  const places = [
    join(EXAMPLES, name, "versions", version, "model.onnx"),
    join(FIXTURES, "models", name, `v${version}`, "model.onnx"),
  ];
  for (const place of places) {
    try {
      return new Uint8Array(readFileSync(place));
    } catch {}
  }
  throw new Error(`no model.onnx of ${name} ${version} at ${places.join(" or ")}`);
}

function readCsv(path: string, columns: readonly string[]): readonly (readonly number[])[] {
  const [header = "", ...lines] = readFileSync(path, "utf8").trim().split("\n");
  const names = header.split(",");
  const places = columns.map((column) => names.indexOf(column));
  return lines.map((line) => {
    const cells = line.split(",");
    return places.map((place) => Number(cells[place]));
  });
}

// biome-ignore lint/suspicious/noExplicitAny: fixture files are the tests' own
const readJson = (path: string): any => JSON.parse(readFileSync(path, "utf8"));
