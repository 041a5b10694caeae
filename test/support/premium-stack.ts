import { expect } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { callApi } from "./call-api.ts";
import { type ClientAnswer, inferJson } from "./infer.ts";

/** One model of a stack, and the strategy that it has beside its route. */
export interface PremiumModel {
  /** Sets the strategy; the routes stay. */
  setPremium(premium: object): Promise<void>;
  /** Has the isolate take the deployment as it now is: else it does so in the background. */
  refresh(): Promise<void>;
  /** Asks about rows, in one request, and expects to be answered. */
  ask(rows: readonly (readonly number[])[]): Promise<PremiumAnswer>;
}

export interface PremiumAnswer extends ClientAnswer {
  /** What answered, by the headers: `fast digits-mlp@1`. */
  readonly by: string;
  /** The promised job; empty when there is none. */
  readonly job: string;
}

/** A job as `/v1/jobs` tells of it. */
export interface ToldJob {
  readonly id: string;
  readonly model: string;
  readonly state: string;
  readonly reason?: string;
  readonly attempts: number;
  readonly timeline: readonly { readonly event: string; readonly detail?: string }[];
}

export function premiumModel({ url }: Stack, model: string): PremiumModel {
  const refresh = async () => {
    expect((await callApi(url, "POST", `/v1/cache/refresh/${model}`)).status).toBe(200);
  };
  return {
    refresh,
    async setPremium(premium) {
      const path = `/v1/models/${model}/deployment`;
      const read = await callApi(url, "GET", path);
      const { aliases } = read.body;
      const match = { "if-match": read.headers.get("etag") ?? "" };
      const put = await callApi(url, "PUT", path, { aliases, strategies: { premium } }, match);
      expect([put.status, put.body.errors]).toEqual([200, undefined]);
      await refresh();
    },
    async ask(rows) {
      const answer = await inferJson(url, `/v2/models/${model}/infer`, rows);
      expect([answer.status, answer.error]).toEqual([200, undefined]);
      const { headers } = answer;
      const told = (name: string) => headers.get(`x-freshet-${name}`);
      const by = `${told("strategy")} ${told("model")}@${told("version")}`;
      return { ...answer, by, job: told("job") ?? "" };
    },
  };
}

export async function jobOf({ url }: Stack, id: string): Promise<ToldJob> {
  const { status, body } = await callApi(url, "GET", `/v1/jobs/${id}`);
  expect(status).toBe(200);
  return body;
}

/** Fires the minute's cron until a job has ended. */
export async function endOf(stack: Stack, id: string): Promise<ToldJob> {
  const ended = async () => {
    await stack.fireCron();
    return jobOf(stack, id);
  };
  await expect
    .poll(async () => (await ended()).state, { interval: 20 })
    .not.toMatch(/^(queued|running)$/);
  return jobOf(stack, id);
}

/** What happened to a job, in words: `failed remote_refused`. */
export const storyOf = ({ timeline }: ToldJob): readonly string[] =>
  // `remote_refused: it answered 500`: the code alone.
  timeline.map(({ event, detail }) => [event, ...(detail?.split(":").slice(0, 1) ?? [])].join(" "));
