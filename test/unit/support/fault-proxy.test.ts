import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { answer, blackHole, reset } from "../../support/fault-server.ts";
import {
  answerLost,
  answerSwallowed,
  cutChunked,
  drip,
  htmlPage,
  latency,
  otherJson,
  resetAfter,
  truncate,
  wrongEtag,
} from "../../support/proxy-faults.ts";

const BODY = "0123456789";
/** A client's patience with what never comes. */
const PATIENCE_MS = 300;

/** What reached the server behind: method, path, body. */
const seen: string[] = [];
let upstream: Server;
let proxy: FaultProxy;

beforeAll(async () => {
  upstream = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push(`${request.method} ${request.url} ${body}`);
    response.writeHead(200, { etag: '"right"', "content-length": `${BODY.length}` });
    response.end(BODY);
  });
  await new Promise<void>((done) => upstream.listen(0, "127.0.0.1", done));
  const { port } = upstream.address() as AddressInfo;
  proxy = await startFaultProxy(`http://127.0.0.1:${port}/base/`);
});

afterEach(async () => {
  await proxy.heal();
  proxy.clear();
  seen.length = 0;
});

afterAll(async () => {
  await proxy.stop();
  upstream.closeAllConnections();
  upstream.close();
});

const get = async (path = "/a", init: RequestInit = {}) => {
  const got = await fetch(`${proxy.url}${path}`, init);
  const { status, headers } = got;
  return { status, etag: headers.get("etag"), text: await got.text() };
};

const impatient = () => get("/a", { signal: AbortSignal.timeout(PATIENCE_MS) });

/** Headers that came, and how many bytes of the body did before it failed. */
async function partOf() {
  const got = await fetch(`${proxy.url}/a`);
  let bytes = 0;
  let failed = false;
  try {
    for await (const chunk of got.body ?? []) bytes += chunk.byteLength;
  } catch {
    failed = true;
  }
  return { status: got.status, bytes, failed };
}

describe("a fault proxy without a fault", () => {
  it("passes requests and answers on as they are, and counts them", async () => {
    const right = { status: 200, etag: '"right"', text: BODY };
    expect(await get("/a?b=1", { method: "PUT", body: "sent" })).toEqual(right);
    expect(seen).toEqual(["PUT /base/a?b=1 sent"]);
    expect([proxy.calls, proxy.passed]).toEqual([["PUT /base/a?b=1"], ["PUT /base/a?b=1"]]);
  });

  it("answers a HEAD with the length of what a GET would have", async () => {
    const head = await fetch(`${proxy.url}/a`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "10"]);
  });

  it("reads as a failure when the server behind is not there", async () => {
    const orphan = await startFaultProxy("http://127.0.0.1:1");
    await expect(fetch(orphan.url)).rejects.toThrow();
    await orphan.stop();
  });
});

describe("a fault is met", () => {
  it("by the requests whose method and path match, and by no others", async () => {
    proxy.inject(/^GET \/base\/a$/, answer(503));
    expect((await get("/a")).status).toBe(503);
    expect((await get("/b")).status).toBe(200);
    expect((await get("/a", { method: "POST" })).status).toBe(200);
    expect(seen).toHaveLength(2);
  });

  it("by the nth and as many as are meant, and says how many that were", async () => {
    const storm = proxy.inject(/a$/, answer(409), { skip: 1, times: 2 });
    const answers = [await get(), await get(), await get(), await get()];
    expect(answers.map(({ status }) => status)).toEqual([200, 409, 409, 200]);
    expect(storm.hits).toBe(2);
  });

  it("until it is lifted; of two the newer one first", async () => {
    proxy.inject(/a$/, answer(500));
    const newer = proxy.inject(/a$/, answer(412));
    expect((await get()).status).toBe(412);
    newer.lift();
    newer.lift();
    expect((await get()).status).toBe(500);
    await proxy.heal();
    expect((await get()).status).toBe(200);
  });
});

describe("before the request has arrived", () => {
  it.each([
    ["a reset", reset],
    ["a black hole", blackHole],
  ])("%s ends in no answer", async (_, fault) => {
    proxy.inject(/a$/, fault);
    await expect(impatient()).rejects.toThrow();
    expect([seen, proxy.calls, proxy.passed]).toEqual([[], ["GET /base/a"], []]);
  });

  it("a shut door refuses connections until it is healed", async () => {
    await proxy.shut();
    // A client may first find connections that it had kept ended.
    const refusal = () => get().catch((error) => error.cause?.code);
    await expect.poll(refusal).toBe("ECONNREFUSED");
    await proxy.heal();
    expect((await get()).text).toBe(BODY);
  });
});

describe("after the request was carried out", () => {
  it.each([
    ["a lost answer", answerLost],
    ["a swallowed answer", answerSwallowed],
  ])("%s ends in no answer", async (_, fault) => {
    proxy.inject(/a$/, fault);
    await expect(impatient()).rejects.toThrow();
    expect([seen, proxy.passed]).toEqual([["GET /base/a "], ["GET /base/a"]]);
  });

  it.each([
    ["a reset after the headers", resetAfter(0), 0],
    ["a reset after four bytes", resetAfter(4), 4],
    ["a truncation after four bytes", truncate(4), 4],
    ["a truncation never lets the last byte through", truncate(1_000), 9],
    ["a chunked body cut after four bytes", cutChunked(4), 4],
  ])("%s leaves status, a part and a failure", async (_, fault, bytes) => {
    proxy.inject(/a$/, fault);
    expect(await partOf()).toEqual({ status: 200, bytes, failed: true });
  });

  it("latency changes nothing but the time", async () => {
    proxy.inject(/a$/, latency(50));
    const startedMs = performance.now();
    expect((await get()).text).toBe(BODY);
    // Timers may be a millisecond early.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(49);
  });

  it("a drip gives the whole in the end", async () => {
    proxy.inject(/a$/, drip(200));
    expect((await get()).text).toBe(BODY);
    proxy.inject(/a$/, drip(1));
    await expect(impatient()).rejects.toThrow();
  });

  it("a wrong ETag comes with the right bytes", async () => {
    proxy.inject(/a$/, wrongEtag('"wrong"'));
    expect(await get()).toEqual({ status: 200, etag: '"wrong"', text: BODY });
  });
});

describe("garbage", () => {
  it("is a page or somebody else's JSON with status 200, with a validator when asked for", async () => {
    proxy.inject(/a$/, htmlPage(), { times: 1 });
    expect(await get()).toMatchObject({ status: 200, etag: null, text: /^<html>/ });
    proxy.inject(/a$/, otherJson('"x"'), { times: 1 });
    const { etag, text } = await get();
    expect([etag, JSON.parse(text)]).toMatchObject(['"x"', { status: "fine" }]);
    expect(seen).toEqual([]);
  });
});
