import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parsePublicKeys } from "../../../src/adapters/web-platform/public-keys.ts";
import { ECDSA_KEY, ED25519_KEY } from "../../support/signatures.ts";

const read = (pem: string) => {
  const keys = parsePublicKeys(pem);
  return keys.ok ? keys.value.map(({ algorithm }) => algorithm) : keys.failure.detail;
};

describe("public keys of a setting", () => {
  it("are none, one or several, one after the other", () => {
    expect(read("")).toEqual([]);
    expect(read(ED25519_KEY)).toEqual(["Ed25519"]);
    expect(read(`${ECDSA_KEY}${ED25519_KEY}\n\n${ECDSA_KEY}\n`)).toEqual([
      "ECDSA P-256",
      "Ed25519",
      "ECDSA P-256",
    ]);
  });

  it("may have their line ends as a dashboard or Windows writes them", () => {
    expect(read(ECDSA_KEY.replaceAll("\n", "\\n"))).toEqual(["ECDSA P-256"]);
    expect(read(ECDSA_KEY.replaceAll("\n", "\r\n"))).toEqual(["ECDSA P-256"]);
    expect(read(ECDSA_KEY.replaceAll("\n", " "))).toEqual(["ECDSA P-256"]);
  });

  it("are refused as a whole when one is of a kind that is not taken", () => {
    const pem = (kind: "P-384" | "rsa") => {
      const { publicKey } =
        kind === "rsa"
          ? generateKeyPairSync("rsa", { modulusLength: 2048 })
          : generateKeyPairSync("ec", { namedCurve: kind });
      return publicKey.export({ type: "spki", format: "pem" }).toString();
    };
    for (const kind of ["P-384", "rsa"] as const) {
      expect(read(`${ECDSA_KEY}\n${pem(kind)}`)).toBe("key 2 is neither ECDSA P-256 nor Ed25519");
    }
  });

  it("are refused when a block is cut short or is another's", () => {
    for (const text of [
      "MFkwEwYHKoZIzj0CAQ",
      ECDSA_KEY.slice(0, -5),
      `${ED25519_KEY}\n${ECDSA_KEY.slice(0, -5)}`,
      ECDSA_KEY.replaceAll("PUBLIC KEY", "CERTIFICATE"),
    ]) {
      expect(read(text)).toMatch(/^must be PEM blocks/);
    }
    expect(read(ECDSA_KEY.replace("MFkw", "MFk="))).toMatch(/^key 1 is neither/);
    expect(read(ECDSA_KEY.replace("MFkwEwYH", ""))).toMatch(/^key 1 is neither/);
  });

  it("are refused when they are private", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    expect(read(pem)).toBe("holds a private key: give the public one");
  });
});
