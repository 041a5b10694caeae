import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSettings } from "../../../infra/local/settings.ts";
import { parseAllowedHosts } from "../../../src/adapters/remote/allowed-hosts.ts";
import { checkAddress } from "../../../src/adapters/remote/check-address.ts";
import { readConfig } from "../../../src/compose/config.ts";
import { secretsIn } from "../../../src/compose/secrets.ts";

function check(list: string, url: string, isLocal = false): string {
  const hosts = parseAllowedHosts(list);
  if (!hosts.ok) throw new Error(hosts.failure.detail);
  const checked = checkAddress({ hosts: hosts.value, isLocal }, url);
  return checked.ok ? "allowed" : checked.failure.detail;
}

describe("the list of allowed hosts", () => {
  it("is read with spaces, empty entries and ports", () => {
    expect(parseAllowedHosts(" a.example.com , b.example.com:8443,, [::1]:80")).toEqual({
      ok: true,
      value: [
        { hostname: "a.example.com", port: undefined },
        { hostname: "b.example.com", port: 8443 },
        { hostname: "[::1]", port: 80 },
      ],
    });
  });

  it.each([
    "https://a.example.com",
    "a.example.com/v1",
    "*.example.com",
    "user@a.example.com",
    "a.example.com:0",
    "a.example.com:70000",
    "a.example.com:",
    "a example.com",
    "::1",
    "a?b",
  ])("refuses %s", (list) => {
    expect(parseAllowedHosts(list).ok).toBe(false);
  });
});

describe("an address", () => {
  it.each([
    ["gpu.example.com", "https://gpu.example.com"],
    ["gpu.example.com", "https://gpu.example.com/base/path"],
    ["gpu.example.com", "https://GPU.Example.COM:443/"],
    ["GPU.example.com:443", "https://gpu.example.com"],
    ["gpu.example.com:8443", "https://gpu.example.com:8443"],
    ["bücher.example", "https://xn--bcher-kva.example"],
  ])("is allowed by %s: %s", (list, url) => {
    expect(check(list, url)).toBe("allowed");
  });

  it.each([
    ["another host", "gpu.example.com", "https://other.example.com"],
    ["a host below", "example.com", "https://gpu.example.com"],
    ["a host that begins so", "gpu.example.com", "https://gpu.example.com.evil.test"],
    ["a host with a final dot", "gpu.example.com", "https://gpu.example.com."],
    ["another port", "gpu.example.com", "https://gpu.example.com:8443"],
    ["the port of the list alone", "gpu.example.com:8443", "https://gpu.example.com"],
    ["no TLS", "gpu.example.com", "http://gpu.example.com"],
    ["a user", "gpu.example.com", "https://me@gpu.example.com"],
    ["a user that looks like the host", "gpu.example.com", "https://gpu.example.com@evil.test"],
    ["a backslash", "gpu.example.com", "https://evil.test\\@gpu.example.com"],
    ["another scheme", "gpu.example.com", "file://gpu.example.com/x"],
    ["no URL", "gpu.example.com", "https://"],
    ["loopback outside dev", "localhost", "http://localhost"],
  ])("is refused: %s", (_what, list, url) => {
    expect(check(list, url)).not.toBe("allowed");
  });

  // One address in each way the URL standard knows to write it.
  const LOOPBACK_FORMS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
  ];

  it.each(LOOPBACK_FORMS)("is known as loopback however it is written: %s", (form) => {
    expect(check("127.0.0.1", `https://${form}/`)).toMatch(/IP address/);
    expect(check("127.0.0.1", `http://${form}/`, true)).toBe("allowed");
    expect(check("gpu.example.com", `http://${form}/`, true)).toMatch(/FRESHET_REMOTE_HOSTS/);
  });

  it.each([
    "10.0.0.1",
    "167772161",
    "0xa.1",
    "169.254.169.254",
    "0251.0376.0251.0376",
    "[::ffff:127.0.0.1]",
    "[fd00::1]",
    "[::]",
    "0.0.0.0",
    "0",
  ])("is refused even in dev and on the list: %s", (form) => {
    for (const isLocal of [true, false]) {
      for (const scheme of ["http", "https"]) {
        expect(check(form, `${scheme}://${form}/`, isLocal)).not.toBe("allowed");
      }
    }
  });

  it.each(["localhost:9000", "127.0.0.1:9000", "[::1]:9000", "[0:0:0:0:0:0:0:1]:9000"])(
    "of this machine is reached without TLS in dev: %s",
    (host) => {
      expect(check(host, `http://${host}/`, true)).toBe("allowed");
      expect(check(host, `http://${host}/`, false)).not.toBe("allowed");
    },
  );

  it("never leads to a host that is not on the list, whatever the text", () => {
    const pieces = fc.constantFrom(
      ...["https://", "gpu.example.com", "evil.test", "@", ":", "/", "\\", "#", "?", ".", "443"],
      ...["%2e", "%40", "\t", "127.1", "[", "]"],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const url = parts.join("");
        if (check("gpu.example.com", url) !== "allowed") return;
        expect(new URL(url).host).toBe("gpu.example.com");
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("the settings", () => {
  const NEEDED = {
    S3_ENDPOINT: "https://s3.example.com",
    S3_BUCKET: "models",
    S3_ACCESS_KEY_ID: "id",
    S3_SECRET_ACCESS_KEY: "key",
  };

  it("have no hosts and 20 s unless told otherwise", () => {
    expect(readConfig(NEEDED)).toMatchObject({
      FRESHET_REMOTE_HOSTS: [],
      PREMIUM_TIMEOUT_MS: 20_000,
    });
  });

  it("name the one that is wrong", () => {
    const read = (more: Readonly<Record<string, string>>) => () =>
      readConfig({ ...NEEDED, ...more });
    expect(read({ FRESHET_REMOTE_HOSTS: "https://x" })).toThrow(/FRESHET_REMOTE_HOSTS: must be/);
    expect(read({ FRESHET_REMOTE_HOSTS: "0x0a000001" })).toThrow(/FRESHET_REMOTE_HOSTS: has an IP/);
    expect(read({ FRESHET_REMOTE_HOSTS: "127.1", FRESHET_ENV: "production" })).toThrow(/IP/);
    expect(read({ FRESHET_REMOTE_HOSTS: "127.1,[::1]:80", FRESHET_ENV: "dev" })).not.toThrow();
    expect(read({ PREMIUM_TIMEOUT_MS: "0" })).toThrow(/PREMIUM_TIMEOUT_MS/);
  });

  it("reach the Worker of `npm start` from its environment", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "freshet-settings-"));
    const given = {
      FRESHET_REMOTE_HOSTS: "localhost:9000",
      FRESHET_SECRET_GPU: "s",
      PREMIUM_TIMEOUT_MS: "5000",
    };
    const settings = await readSettings({ ...given, HOME: "/", FRESHET_DATA_DIR: dataDir });
    expect(settings.given).toEqual(given);
    await rm(dataDir, { recursive: true });
  });

  it("give out no secret but those named FRESHET_SECRET_", () => {
    const secretOf = secretsIn({ FRESHET_SECRET_GPU: "s", FRESHET_ADMIN_TOKEN: "t", S3: "u" });
    expect(secretOf("FRESHET_SECRET_GPU")).toBe("s");
    for (const name of ["FRESHET_ADMIN_TOKEN", "S3", "FRESHET_SECRET_", "constructor", ""]) {
      expect(secretOf(name)).toBeUndefined();
    }
  });
});
