import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeFixture, writeTemporary } from "./write-fixture.ts";

const KEYS = {
  ed25519: generateKeyPairSync("ed25519"),
  ecdsa: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  stranger: generateKeyPairSync("ed25519"),
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
};

const publicPem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
const privateFile = ({ privateKey }: { readonly privateKey: KeyObject }) =>
  writeTemporary("key.pem", privateKey.export({ type: "pkcs8", format: "pem" }).toString());

describe("model publish --sign, to a server that requires a signature", () => {
  const { freshet } = withStack({
    SIGNATURE_POLICY: "require",
    SIGNATURE_PUBLIC_KEYS: publicPem(KEYS.ed25519.publicKey) + publicPem(KEYS.ecdsa.publicKey),
  });

  it.each(["ed25519", "ecdsa"] as const)("is taken with a trusted %s key", async (name) => {
    const { file } = await writeFixture("diabetes-linear", "1");
    const key = await privateFile(KEYS[name]);
    const signed = await freshet("model", "publish", `by-${name}`, file, "--sign", key);
    expect(signed).toMatchObject({ code: 0, err: "" });
    expect((await freshet("model", "show", `by-${name}@1`)).out).toMatch(/signature +yes/);
  });

  it("is refused without one, and with a stranger's", async () => {
    const { file } = await writeFixture("diabetes-linear", "1");
    const bare = await freshet("model", "publish", "bare", file);
    expect(bare).toMatchObject({ code: 1, err: expect.stringMatching(/not signed.*--sign/) });
    const key = await privateFile(KEYS.stranger);
    const strange = await freshet("model", "publish", "bare", file, "--sign", key);
    expect(strange).toMatchObject({ code: 1, err: expect.stringMatching(/no trusted key/) });
  });
});

it("what is no key for signing is a usage error that does not repeat it", async () => {
  const { file } = await writeFixture("diabetes-linear", "1");
  const rsa = await privateFile(KEYS.rsa);
  for (const [key, said] of [
    [rsa, /is rsa: ECDSA P-256 and Ed25519 are taken/],
    [file, /not a private key in PEM/],
  ] as const) {
    const { code, err } = await runCli(["model", "publish", "x", file, "--sign", key]);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(said) });
    expect(err).not.toContain("BEGIN");
  }
});
