import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../../infra/local/free-port.ts";
import type { S3Config } from "../../../src/adapters/s3/config.ts";
import type { ObjectStore, StoreFailure } from "../../../src/core/ports/object-store.ts";
import {
  answer,
  blackHole,
  cutShort,
  type Fault,
  type FaultServer,
  reset,
  s3Error,
  stalled,
  startFaultServer,
} from "../../support/fault-server.ts";
import { must } from "../../support/must.ts";
import { s3Store } from "./s3-store.ts";
import { contentOf, expectFailure, text } from "./subject.ts";

const SHORT = { deadlineMs: 300 };
const LONG = { deadlineMs: 10_000 };
const ETAG = { etag: '"e1"' };
const configAt = (endpoint: string): S3Config => ({
  endpoint,
  bucket: "b",
  region: "auto",
  accessKeyId: "KEYIDKEYIDKEYID",
  secretAccessKey: "SECRETSECRETSECRET",
  prefix: "",
});

type Call = (store: ObjectStore, options: { readonly deadlineMs: number }) => Promise<unknown>;
type Row = readonly [what: string, fault: Fault, reason: StoreFailure["reason"], calls: number];

const CALLS: Readonly<Record<string, Call>> = {
  get: (store, options) => store.get("k", { ...options, maxBytes: 1_000 }),
  head: (store, options) => store.head("k", options),
  put: (store, options) => store.put("k", text("x"), options),
  list: (store, options) => store.list("p/", options),
  delete: (store, options) => store.delete("k", options),
};

const listing = (inside: string) => answer(200, `<ListBucketResult>${inside}</ListBucketResult>`);
const entry = (key: string) =>
  `<Contents><Key>${key}</Key><ETag>"e"</ETag><Size>1</Size></Contents>`;

describe("what the S3 adapter makes of a bad answer", () => {
  let server: FaultServer;
  let store: ObjectStore;

  beforeAll(async () => {
    server = await startFaultServer();
    store = s3Store(configAt(server.url));
  });
  afterAll(() => server.stop());

  const get = (options = LONG) => store.get("k", { ...options, maxBytes: 1_000 });

  it.each<Row>([
    ["403 AccessDenied", s3Error(403, "AccessDenied"), "denied", 1],
    ["403 SignatureDoesNotMatch", s3Error(403, "SignatureDoesNotMatch"), "denied", 1],
    ["401", answer(401), "denied", 1],
    ["404 NoSuchKey", s3Error(404, "NoSuchKey"), "absent", 1],
    ["404 NoSuchBucket", s3Error(404, "NoSuchBucket"), "misdirected", 1],
    ["404 of a proxy, in HTML", answer(404, "<html>no such page</html>"), "unreachable", 4],
    ["503 SlowDown", s3Error(503, "SlowDown"), "throttled", 4],
    ["429", answer(429), "throttled", 4],
    ["500 InternalError", s3Error(500, "InternalError"), "unreachable", 4],
    ["502 of a proxy, in HTML", answer(502, "<html>bad gateway</html>"), "unreachable", 4],
    ["a reset connection", reset, "unreachable", 4],
    ["a body cut short", cutShort(10, "12345", ETAG), "corrupt", 4],
    ["an answer without an ETag", answer(200, "12345"), "corrupt", 4],
  ])("reads %s on a get, and retries only what may pass", async (_, fault, reason, calls) => {
    server.plan(fault);
    expectFailure(await get(), reason);
    expect(server.seen).toHaveLength(calls);
  });

  it.each<readonly [what: string, fault: Fault]>([
    ["an HTML page", answer(200, "<!doctype html><html><body>sign in</body></html>")],
    ["a listing cut off in the middle", answer(200, "<ListBucketResult><Contents><Key>a</Key>")],
    ["nothing", answer(200)],
    ["a body cut short", cutShort(500, "<ListBucketResult>")],
    ["an entry that ends nowhere", listing("<Contents><Key>p/x")],
    ["a key that is no encoding", listing(entry("p/%zz"))],
    ["a character that there is not", listing(entry("p/&#99999999;"))],
    ["a key of another listing", listing(entry("elsewhere/x"))],
  ])("reads %s instead of a listing as corrupt, never as an empty list", async (_, fault) => {
    server.plan(fault);
    expectFailure(await store.list("p/", LONG), "corrupt");
  });

  it.each<readonly [status: number, code: string, reason: StoreFailure["reason"]]>([
    [412, "PreconditionFailed", "precondition_lost"],
    [409, "ConditionalRequestConflict", "precondition_lost"],
    [404, "NoSuchKey", "precondition_lost"],
    [404, "NoSuchBucket", "misdirected"],
    [409, "OperationAborted", "denied"],
  ])("reads %i %s on a put with an etag as %3$s", async (status, code, reason) => {
    server.plan(s3Error(status, code));
    const lost = await store.put("k", text("x"), { ...LONG, when: ETAG });
    expectFailure(lost, reason);
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]?.headers["if-match"]).toBe('"e1"');
  });

  it.each(Object.entries(CALLS))(
    "ends a %s that gets no answer at the deadline",
    async (_, call) => {
      server.plan(blackHole);
      const startMs = performance.now();
      const outcome = await call(store, SHORT);
      expect(outcome).toMatchObject({ ok: false, failure: { reason: "unreachable" } });
      expect(performance.now() - startMs).toBeLessThan(SHORT.deadlineMs + 700);
    },
  );

  it.each(Object.entries(CALLS))(
    "does not follow a redirect on a %s: the endpoint or the region is wrong",
    async (_, call) => {
      const elsewhere = { location: `${server.url}/elsewhere`, "x-amz-bucket-region": "eu-west-1" };
      server.plan(answer(301, "<Error><Code>PermanentRedirect</Code></Error>", elsewhere));
      const outcome = await call(store, LONG);
      expect(outcome).toMatchObject({
        failure: {
          reason: "misdirected",
          detail: expect.stringMatching(/region is wrong; the bucket is in eu-west-1$/),
        },
      });
      expect(server.seen).toHaveLength(1);
    },
  );

  it.each([302, 307, 308])("follows no %i either", async (status) => {
    server.plan(answer(status, "", { location: `${server.url}/elsewhere` }));
    expectFailure(await get(), "misdirected");
    expect(server.seen).toHaveLength(1);
  });

  it("ends a get whose body stalls at the deadline: unreachable, not corrupt", async () => {
    server.plan(stalled(10, "12345", ETAG));
    expectFailure(await get(SHORT), "unreachable");
  });

  it.each(Object.entries(CALLS))(
    "reads a refused connection on a %s as unreachable",
    async (_, call) => {
      const nobody = s3Store(configAt(`http://127.0.0.1:${await freePort()}`));
      const outcome = await call(nobody, LONG);
      expect(outcome).toMatchObject({ ok: false, failure: { reason: "unreachable" } });
    },
  );

  it("answers with the first good answer among the retries", async () => {
    server.plan(s3Error(503, "SlowDown"), reset, answer(200, "good", ETAG));
    expect(contentOf(must(await get()).bytes)).toBe("good");
    expect(server.seen).toHaveLength(3);
  });

  it("refuses a declared size over the limit without reading it", async () => {
    server.plan(stalled(5_000, "12345", ETAG));
    expectFailure(await get(SHORT), "too_large");
  });

  it("names the call and the key in each failure, and no secret, key id or signature", async () => {
    const faults = [s3Error(403, "AccessDenied"), s3Error(503, "SlowDown"), reset, blackHole];
    for (const fault of [...faults, cutShort(9, "x", ETAG), answer(200, "<html>"), answer(404)]) {
      for (const call of Object.values(CALLS)) {
        server.plan(fault);
        const outcome = JSON.stringify(await call(store, SHORT));
        expect(outcome).not.toMatch(
          /SECRETSECRET|KEYIDKEYID|Signature=|Credential=|authorization/i,
        );
        if (outcome.includes('"ok":false'))
          expect(outcome).toMatch(/"detail":"\w+ (k|list p\/|p\/)/);
      }
    }
  });
});
