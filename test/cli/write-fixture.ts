import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fixture, readFixture } from "../support/fixtures.ts";

/** A fixture with its model as a file, as a user has it. */
export async function writeFixture(
  name: string,
  version: string,
): Promise<Fixture & { readonly file: string }> {
  const fixture = readFixture(name, version);
  return { ...fixture, file: await writeTemporary(`${name}-${version}.onnx`, fixture.bytes) };
}

/** A file in a folder of its own. */
export async function writeTemporary(name: string, contents: Uint8Array | string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "freshet-cli-"));
  const file = join(folder, name);
  await writeFile(file, contents);
  return file;
}
