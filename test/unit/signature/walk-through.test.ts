import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { parsePublicKeys } from "../../../src/adapters/web-platform/public-keys.ts";
import { createWebSignatureVerifier } from "../../../src/adapters/web-platform/signature.ts";
import { checkSignature } from "../../../src/core/lifecycle/signature/check-signature.ts";
import { must } from "../../support/must.ts";
import { SIGNED_DIGEST } from "../../support/signatures.ts";
import { findProgram } from "../../support/skip-loudly.ts";

const PAGE = join(import.meta.dirname, "..", "..", "..", "docs", "integrity.md");

const run = promisify(execFile);

/** The page's two blocks under "With openssl": the walk-through, and the lines that Ed25519 has instead. */
async function readBlocks(): Promise<readonly [ecdsa: string, instead: readonly string[]]> {
  const [, section = ""] = (await readFile(PAGE, "utf8")).split("### With openssl");
  const [ecdsa = "", instead = ""] = [...section.matchAll(/```sh\n(.*?)```/gs)].map(
    ([, block = ""]) => block,
  );
  return [ecdsa, instead.trim().split("\n")];
}

async function walkThrough(kind: "ECDSA P-256" | "Ed25519") {
  const folder = await mkdtemp(join(tmpdir(), "freshet-sign-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "model.onnx"), "stand-in for a model");
  const [ecdsa, [makeKey = "", sign = ""]] = await readBlocks();
  const script =
    kind === "ECDSA P-256"
      ? ecdsa
      : ecdsa
          .replace(/^openssl genpkey .*$/m, makeKey)
          .replace(/^openssl dgst -sha256 -sign .*$/m, sign);
  await run("sh", ["-ec", script], { cwd: folder });
  const read = (name: string) => readFile(join(folder, name), "utf8");
  return { key: await read("signing.pub"), signature: JSON.parse(await read("model.sig")) };
}

describe.skipIf(findProgram("openssl") === undefined)("the openssl walk-through", () => {
  it.each(["ECDSA P-256", "Ed25519"] as const)("signs with %s what Freshet takes", async (kind) => {
    const { key, signature } = await walkThrough(kind);
    const keys = must(parsePublicKeys(key));
    expect(keys.map(({ algorithm }) => algorithm)).toEqual([kind]);
    const verifier = createWebSignatureVerifier(keys);
    const checked = await checkSignature(
      { digest: createNodeDigest(), verifier },
      signature,
      SIGNED_DIGEST,
    );
    expect(checked).toMatchObject({ ok: true });
  });
});
