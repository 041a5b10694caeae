import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type Fixture, readFixture } from "../support/fixtures.ts";

const folders: string[] = [];

afterAll(() =>
  Promise.all(folders.splice(0).map((one) => rm(one, { recursive: true, force: true }))),
);

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
  folders.push(folder);
  const file = join(folder, name);
  await writeFile(file, contents);
  return file;
}
