import type { HttpSettings } from "../../src/http/deps.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp, type HttpAppOptions } from "./http-app.ts";
import { createRegistryEngine, type RegistryEngine } from "./registry-engine.ts";
import { registryModel } from "./registry-models.ts";

/** What a route answered, its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Of a body in JSON. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The registry's routes with the token in every request. */
export interface RegistryApp {
  readonly app: HttpApp;
  readonly engine: RegistryEngine;
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  publish(label: string, query?: string): Promise<Answer>;
}

export const MODEL = "/v1/models/m";

export function createRegistryApp(
  settings: Partial<HttpSettings> = {},
  more: Omit<HttpAppOptions, "settings" | "engine"> = {},
): RegistryApp {
  const engine = createRegistryEngine();
  const app = createHttpApp({ ...more, engine, settings });
  const ask = async (method: string, path: string, init: RequestInit): Promise<Answer> => {
    const headers = new Headers(init.headers);
    if (!headers.has("authorization")) headers.set("authorization", `Bearer ${ADMIN_TOKEN}`);
    const answer = await app.request(path, { ...init, method, headers });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === "" ? {} : JSON.parse(text),
    };
  };
  return {
    app,
    engine,
    send: (method, path, body, headers = {}) =>
      ask(method, path, { headers, ...(body === undefined ? {} : { body: bodyOf(body) }) }),
    publish: (label, query = "") =>
      ask("POST", `${MODEL}/versions${query}`, {
        body: registryModel(label),
        headers: { "content-type": "application/octet-stream" },
      }),
  };
}

const bodyOf = (body: unknown) =>
  typeof body === "string" || body instanceof FormData
    ? body
    : body instanceof Uint8Array
      ? body.slice()
      : JSON.stringify(body);

/** Status and code of a refusal. */
export const refusalOf = ({ status, body }: Answer): readonly [number, unknown] => [
  status,
  body.code,
];
