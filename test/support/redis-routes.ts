import { describe, expect, it } from "vitest";
import { fail } from "../../src/core/model/result.ts";
import type { Scope } from "../../src/core/model/scope.ts";
import type { SharedCacheFailure } from "../../src/core/ports/shared-cache.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpAppOptions } from "./http-app.ts";
import { jsonSender, refusalOf } from "./json-answers.ts";

/** Why Redis gives no answer, and the seconds of `Retry-After` where it is left alone for 3,500 ms. */
const SILENCES: readonly (readonly [SharedCacheFailure["reason"], string])[] = [
  ["unreachable", "1"],
  ["denied", "1"],
  ["refused", "1"],
  ["paused", "4"],
];

/** A route that does nothing without Redis, and what it asks for. */
export type RedisRoute = readonly [method: string, path: string, body: unknown, scope: Scope];

type SilentCall = () => Promise<{ readonly ok: false; readonly failure: SharedCacheFailure }>;

/** An app with its store over Redis: one that answers, and one of which each call ends so. */
export interface RedisOptions {
  readonly answering: HttpAppOptions;
  silent(call: SilentCall): HttpAppOptions;
}

/** What each such route refuses, and how it says so. */
export function describeRedisRoutes(routes: readonly RedisRoute[], redis: RedisOptions): void {
  describe.each(routes)("%s %s", (method, path, body, scope) => {
    const askOf = (options: HttpAppOptions, headers = {}) => {
      const app = createHttpApp(options);
      const send = jsonSender((target, init) => app.request(target, init), ADMIN_TOKEN);
      return { app, answer: send(method, path, body, headers) };
    };

    it(`asks for the scope ${scope}`, async () => {
      const nothingPublic = { ...redis.answering, settings: { publicScopes: new Set<Scope>() } };
      const refused = await askOf(nothingPublic, { authorization: "" }).answer;
      expect(refusalOf(refused)).toEqual([401, "unauthorized"]);
      expect(refused.body.detail).toContain(`'${scope}'`);
    });

    it("says what to configure where there is no Redis", async () => {
      const refused = await askOf({}).answer;
      expect(refusalOf(refused)).toEqual([503, "redis_required"]);
      expect(refused.body.detail).toContain("UPSTASH_REDIS_REST_URL");
    });

    it.each(SILENCES)(
      "says to try again while Redis does not answer (%s, after %s s), and tells the log why",
      async (reason, seconds) => {
        const silence = fail({ reason, detail: "SECRETHOST", retryAfterMs: 3_500 });
        const { app, answer } = askOf(redis.silent(async () => silence));
        const refused = await answer;
        expect(refusalOf(refused)).toEqual([503, "redis_unavailable"]);
        expect(refused.headers.get("retry-after")).toBe(seconds);
        expect(JSON.stringify(refused.body)).not.toContain("SECRETHOST");
        expect(app.events).toMatchObject([
          { kind: "request_failed", reason, detail: "SECRETHOST" },
        ]);
      },
    );
  });
}
