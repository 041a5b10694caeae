import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import {
  answer,
  blackHole,
  type FaultServer,
  reset,
  s3Error,
  startFaultServer,
} from "../../support/fault-server.ts";
import { must } from "../../support/must.ts";
import { s3Store } from "./s3-store.ts";
import { DEADLINE, expectFailure, text } from "./subject.ts";

const ETAG = { etag: '"e1"' };
const lost = s3Error(412, "PreconditionFailed");

describe("a conditional put whose first attempt got no clear answer", () => {
  let server: FaultServer;
  let store: ObjectStore;

  beforeAll(async () => {
    server = await startFaultServer();
    const keys = { accessKeyId: "id", secretAccessKey: "secret" };
    store = s3Store({ endpoint: server.url, bucket: "b", region: "auto", prefix: "", ...keys });
  });
  afterAll(() => server.stop());

  const create = (deadlineMs = DEADLINE.deadlineMs) =>
    store.put("k", text("mine"), { deadlineMs, when: "absent" });

  it("has won when the store holds these very bytes", async () => {
    server.plan(reset, lost, answer(200, "mine", ETAG));
    expect(must(await create())).toEqual(ETAG);
    expect(server.seen.map(({ method }) => method)).toEqual(["PUT", "PUT", "GET"]);
  });

  it("has lost when the store holds another's", async () => {
    server.plan(reset, lost, answer(200, "else", ETAG));
    expectFailure(await create(), "precondition_lost");
  });

  it("has won too when the first answer was good but had no etag", async () => {
    server.plan(answer(200), lost, answer(200, "mine", ETAG));
    expect(must(await create())).toEqual(ETAG);
  });

  it("takes a plain lost race as it is, without reading back", async () => {
    server.plan(lost);
    expectFailure(await create(), "precondition_lost");
    expect(server.seen).toHaveLength(1);
  });

  it("takes a lost race after throttling as it is: a throttled attempt wrote nothing", async () => {
    server.plan(s3Error(503, "SlowDown"), lost);
    expectFailure(await create(), "precondition_lost");
    expect(server.seen.map(({ method }) => method)).toEqual(["PUT", "PUT"]);
  });

  it("reads back within the deadline of the put, not another one of its own", async () => {
    const late = (ms: number) => (response: Parameters<typeof lost>[0]) =>
      void setTimeout(() => response.destroy(), ms);
    server.plan(late(400), lost, blackHole);
    const startMs = performance.now();
    expectFailure(await create(2_000), "precondition_lost");
    expect(performance.now() - startMs).toBeLessThan(3_500);
  });

  it("sends the same bytes and the same condition in each attempt", async () => {
    server.plan(reset, answer(200, "", ETAG));
    await create();
    const sent = server.seen.map(({ body, headers }) => [`${body}`, headers["if-none-match"]]);
    expect(sent).toEqual([
      ["mine", "*"],
      ["mine", "*"],
    ]);
  });
});
