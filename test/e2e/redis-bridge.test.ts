import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type RedisBackend,
  startRedisInMemory,
  startRedisServer,
} from "../../infra/local/redis-backend.ts";
import { type RedisBridge, startRedisBridge } from "../../infra/local/redis-bridge.ts";
import { describeNeeding } from "../support/skip-loudly.ts";

const TOKEN = "a-token-for-tests-only";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** What Upstash's REST API promises, of which the bridge is a copy. Source: Upstash, "REST API". */
function describeBridge(start: () => Promise<RedisBackend>): void {
  let backend: RedisBackend;
  let bridge: RedisBridge;

  beforeAll(async () => {
    backend = await start();
    bridge = await startRedisBridge(backend, TOKEN);
  });
  afterAll(async () => {
    await bridge.stop();
    await backend.stop();
  });

  async function send(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    const answer = await fetch(`${bridge.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const parsed: unknown = await answer.json();
    return { status: answer.status, body: parsed };
  }
  const inBase64 = { "upstash-encoding": "base64" };

  it.each(["/", "/pipeline", "/multi-exec"])("wants the token on %s", async (path) => {
    for (const authorization of ["", "Bearer wrong", TOKEN]) {
      const refused = await send(path, [["SET", "stolen", "1"]], { authorization });
      expect(refused).toEqual({ status: 401, body: { error: "Unauthorized" } });
    }
    expect((await send("/", ["GET", "stolen"])).body).toEqual({ result: null });
  });

  it("runs one command, its name in any case, numbers as words", async () => {
    expect(await send("/", ["set", "n", 5])).toEqual({ status: 200, body: { result: "OK" } });
    expect((await send("/", ["INCR", "n"])).body).toEqual({ result: 6 });
    expect((await send("/", ["get", "n"])).body).toEqual({ result: "6" });
  });

  it("knows options in lower case: a second set with nx changes nothing", async () => {
    await send("/", ["set", "once", "1", "nx", "ex", 60]);
    expect((await send("/", ["set", "once", "2", "nx"])).body).toEqual({ result: null });
    expect((await send("/", ["get", "once"])).body).toEqual({ result: "1" });
  });

  it("writes text in base64 when asked, a bare OK and numbers as they are", async () => {
    expect((await send("/", ["SET", "b", "ü"], inBase64)).body).toEqual({ result: "OK" });
    expect((await send("/", ["GET", "b"], inBase64)).body).toEqual({ result: base64("ü") });
    expect((await send("/", ["MGET", "b", "no"], inBase64)).body).toEqual({
      result: [base64("ü"), null],
    });
    expect((await send("/", ["EXISTS", "b"], inBase64)).body).toEqual({ result: 1 });
  });

  it("answers a list of Lua however it was filled, lists within it too", async () => {
    const script =
      "local l = {} for n = 1, 4 do l[#l + 1] = 'w' .. n end return {l, {}, 'x'} -- end";
    expect((await send("/", ["EVAL", script, 0])).body).toEqual({
      result: [["w1", "w2", "w3", "w4"], [], "x"],
    });
  });

  it("gives a script its words as they came, those of options too", async () => {
    const script = "return {KEYS[1], KEYS[2], ARGV[1], ARGV[2]}";
    expect((await send("/", ["EVAL", script, 2, "limit", "nx", "match", ""])).body).toEqual({
      result: ["limit", "nx", "match", ""],
    });
  });

  it("tells a script's error as Redis does, and has done nothing else", async () => {
    const failed = await send("/", ["EVAL", "return redis.call('NOSUCHCOMMAND')", 0]);
    expect(failed).toMatchObject({ status: 400, body: { error: expect.any(String) } });
    expect((await send("/", ["EVAL", "return 'fine'", 0])).body).toEqual({ result: "fine" });
  });

  it("runs every command of a pipeline; each has its own result or error", async () => {
    const { status, body } = await send("/pipeline", [
      ["SET", "p", "text"],
      ["NOSUCHCOMMAND"],
      ["GET", "p"],
    ]);
    expect(status).toBe(200);
    const error = expect.stringMatching(/^ERR unknown command/);
    expect(body).toEqual([{ result: "OK" }, { error }, { result: "text" }]);
  });

  it("runs a transaction and answers each result in order", async () => {
    const { body } = await send("/multi-exec", [
      ["SET", "m", "1"],
      ["INCR", "m"],
      ["GET", "m"],
    ]);
    expect(body).toEqual([{ result: "OK" }, { result: 2 }, { result: "2" }]);
  });

  it("lets no other command in between those of a transaction", async () => {
    const steps = ["SET", "APPEND", "APPEND"] as const;
    const runs = Array.from({ length: 20 }, (_, run) =>
      send("/multi-exec", [...steps.map((step) => [step, "shared", `${run};`]), ["GET", "shared"]]),
    );
    for (const [run, { body }] of (await Promise.all(runs)).entries()) {
      expect(body).toHaveProperty([3, "result"], `${run};`.repeat(3));
    }
  });

  it.each<readonly [what: string, body: unknown, error: RegExp]>([
    ["an unknown command", ["NOSUCHCOMMAND", "x"], /^ERR unknown command/],
    ["a body that is not JSON", "not json", /./],
    ["a command that is not an array", { a: 1 }, /^ERR/],
    ["an empty command", [], /^ERR/],
  ])("answers 400 with an error for %s", async (_, body, error) => {
    const refused = await send("/", body);
    expect(refused).toEqual({ status: 400, body: { error: expect.stringMatching(error) } });
  });

  it("answers after an error as before", async () => {
    await send("/", ["NOSUCHCOMMAND"]);
    expect((await send("/", ["PING"])).body).toEqual({ result: "PONG" });
  });
}

describe("the bridge before a Redis in memory", () => {
  describeBridge(async () => startRedisInMemory());

  it("keeps nothing of another one in the same process", async () => {
    const [one, other] = [startRedisInMemory(), startRedisInMemory()];
    await one.run(["SET", "mine", "1"]);
    expect(await other.run(["GET", "mine"])).toBe(null);
    await one.stop();
    await other.stop();
  });
});

describeNeeding(["redis-server"], "the bridge before a redis-server", () => {
  let dir = "";
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "freshet-redis-"));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));
  describeBridge(() => startRedisServer(dir));
});
