import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { callApi } from "../support/call-api.ts";
import { answer, blackHole, type FaultServer, startFaultServer } from "../support/fault-server.ts";
import { readFixture } from "../support/fixtures.ts";
import { createGate } from "../support/gate.ts";
import { after, oipValue, says } from "../support/premium-servers.ts";
import { endOf, jobOf, premiumModel, storyOf } from "../support/premium-stack.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";

const MODEL = "diabetes-gbr";
const { rows, expected } = readFixture(MODEL, "1");
const CLI = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
/** Tries follow at once, as soon as somebody looks. */
const SOON = { backoff_ms: 1, timeout_ms: 2_000 };

let chat: FaultServer;
let oip: FaultServer;
/** Never answers: its questions stay open until the tests end. */
let hung: FaultServer;
let stack: Stack;
let ask: ReturnType<typeof premiumModel>["ask"];
let setPremium: ReturnType<typeof premiumModel>["setPremium"];
let refresh: ReturnType<typeof premiumModel>["refresh"];
let asked = 0;

/** A row that nobody has asked about. */
const newRow = () => rows[asked++] ?? [];

/** The fast answer, as it has to be. */
async function askFast(row: readonly number[]): Promise<string> {
  const fast = await ask([row]);
  expect(fast.by).toBe(`fast ${MODEL}@1`);
  const [right = []] = [expected.prediction?.[rows.indexOf(row)]] as (readonly number[])[];
  expect(fast.outputs[0]?.data.flat()[0]).toBeCloseTo(right[0] ?? Number.NaN, 3);
  return fast.job;
}

/** Asks until the answer is another one: by whom, and which. */
const untilBetter = (row: readonly number[], by: string, value: number) =>
  expect
    .poll(async () => {
      const answer = await ask([row]);
      return [answer.by, answer.outputs[0]?.data.flat()[0]];
    })
    .toEqual([by, value]);

beforeAll(async () => {
  [chat, oip, hung] = [
    await startFaultServer(),
    await startFaultServer(),
    await startFaultServer(),
  ];
  stack = await startTestStack({
    FRESHET_REMOTE_HOSTS: [chat, oip, hung].map(({ url }) => new URL(url).host).join(),
    REDIS_DEADLINE_MS: "1000",
  });
  ({ ask, setPremium, refresh } = premiumModel(stack, MODEL));
});

afterAll(async () => {
  await stack?.stop();
  await Promise.all([chat, oip, hung].map((server) => server?.stop()));
});

describe("a chat as premium", () => {
  const byChat = (chat_model: string, more: object = {}) =>
    setPremium({
      ...{ kind: "chat", url: `${chat.url}/v1/chat/completions`, chat_model },
      ...{ prompt: "Predict {{input features}} as {{outputs}}.", ...SOON, ...more },
    });

  it("that is slow costs nobody anything: its answer comes late and is kept", async () => {
    await byChat("slow", { timeout_ms: 20_000 });
    const gate = createGate<void>();
    chat.plan(after(gate.opened, says('{"prediction": 111}')));
    const row = newRow();
    const job = await askFast(row);
    await expect.poll(() => chat.seen.length).toBe(1);
    expect(await askFast(row)).toBe(job);
    expect((await jobOf(stack, job)).state).toBe("running");
    gate.open();
    await untilBetter(row, "premium large-1-2026@unknown", 111);
    expect(storyOf(await jobOf(stack, job))).toEqual(["enqueued", "started", "completed"]);
    expect(chat.seen).toHaveLength(1);
  });

  it("that fails is asked again by the cron", async () => {
    await byChat("failing");
    chat.plan(answer(500, "no"), says('{"prediction": [[112]]}'));
    const row = newRow();
    const job = await askFast(row);
    expect(storyOf(await endOf(stack, job))).toEqual([
      ...["enqueued", "started", "failed remote_refused"],
      ...["started", "completed"],
    ]);
    await untilBetter(row, "premium large-1-2026@unknown", 112);
  });

  it("that talks nonsense is never believed, and dead after its attempts", async () => {
    await byChat("malformed", { attempts: 2 });
    chat.plan(says("I would say about 113."), says('{"prediction": [[1], [2]]}'));
    const row = newRow();
    const job = await askFast(row);
    const dead = await endOf(stack, job);
    expect(dead).toMatchObject({ state: "dead", attempts: 2 });
    expect(dead.reason).toMatch(/^(remote_)?invalid_answer: ./);
    expect(chat.seen).toHaveLength(2);
    expect(await askFast(row)).toBe(job);
  });

  it("may put its answer into Markdown fences", async () => {
    await byChat("fenced");
    chat.plan(says('Here you are:\n```json\n{"prediction": [114.5]}\n```\nAnything else?'));
    const row = newRow();
    await askFast(row);
    await untilBetter(row, "premium large-1-2026@unknown", 114.5);
  });
});

describe("a premium that never answers", () => {
  it("holds up no request, and those it was asked for may be cancelled", async () => {
    await setPremium({ kind: "oip", url: hung.url, reference: "large@9", timeout_ms: 600_000 });
    hung.plan(blackHole);
    const jobs = new Set<string>();
    for (let request = 0; request < 10; request += 1) jobs.add(await askFast(newRow()));
    expect(jobs.size).toBe(10);
    // As many as may be at a time, and none of them has an answer.
    await expect.poll(() => hung.seen.length).toBe(4);
    for (const id of jobs) {
      const cancelled = await callApi(stack.url, "POST", `/v1/jobs/${id}/cancel`);
      expect([cancelled.status, cancelled.body.state]).toEqual([200, "dropped"]);
    }
  });

  it("is dead after its attempts, for all to see, and completed when it is queued again and answers", async () => {
    await setPremium({
      ...{ kind: "oip", url: oip.url, reference: "large@9", attempts: 2 },
      ...{ backoff_ms: 1, timeout_ms: 400 },
    });
    oip.plan(blackHole);
    const row = newRow();
    const job = await askFast(row);
    const dead = await endOf(stack, job);
    expect(dead).toMatchObject({ state: "dead", attempts: 2, model: MODEL });
    expect(storyOf(dead).map((event) => event.replace("remote_timeout", "timeout"))).toEqual([
      ...["enqueued", "started", "failed timeout"],
      ...["started", "failed timeout", "dead timeout"],
    ]);
    const listed = await callApi(stack.url, "GET", `/v1/jobs?state=dead&model=${MODEL}`);
    expect(listed.body.items).toContainEqual(dead);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [CLI, "jobs", "list", "--state", "dead", "--json"],
      { env: { ...process.env, FRESHET_URL: stack.url, FRESHET_TOKEN: TEST_TOKEN } },
    );
    expect(JSON.parse(stdout).items).toContainEqual(expect.objectContaining({ id: job }));
    oip.plan(oipValue(115));
    const retried = await callApi(stack.url, "POST", `/v1/jobs/${job}/retry`);
    expect(retried.body).toMatchObject({ state: "queued", attempts: 0 });
    expect(storyOf(await endOf(stack, job)).slice(-3)).toEqual(["retried", "started", "completed"]);
    await untilBetter(row, "premium large@9", 115);
  });
});

it("a promised job is dropped when no alias names the version any more that answered", async () => {
  await setPremium({ kind: "oip", url: oip.url, reference: "large@10", ...SOON });
  oip.plan(answer(500));
  const job = await askFast(newRow());
  await expect.poll(async () => (await jobOf(stack, job)).state).toBe("queued");
  const path = `/v1/models/${MODEL}/aliases/production`;
  expect((await callApi(stack.url, "PUT", path, { version: "2" })).status).toBe(200);
  await refresh();
  expect(storyOf(await endOf(stack, job))).toEqual([
    ...["enqueued", "started", "failed remote_refused"],
    ...["started", "dropped version_not_routed"],
  ]);
});
