import type { HttpSettings } from "../../src/http/deps.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp, type HttpAppOptions } from "./http-app.ts";
import { type JsonAnswer, jsonSender } from "./json-answers.ts";
import { createRegistryEngine, type RegistryEngine } from "./registry-engine.ts";
import { registryModel } from "./registry-models.ts";

/** The registry's routes with the token in every request. */
export interface RegistryApp {
  readonly app: HttpApp;
  readonly engine: RegistryEngine;
  readonly send: ReturnType<typeof jsonSender>;
  publish(label: string, query?: string): Promise<JsonAnswer>;
}

export const MODEL = "/v1/models/m";

export function createRegistryApp(
  settings: Partial<HttpSettings> = {},
  more: Omit<HttpAppOptions, "settings" | "engine"> = {},
): RegistryApp {
  const engine = createRegistryEngine();
  const app = createHttpApp({ ...more, engine, settings });
  const send = jsonSender((path, init) => app.request(path, init), ADMIN_TOKEN);
  return {
    app,
    engine,
    send,
    publish: (label, query = "") =>
      send("POST", `${MODEL}/versions${query}`, registryModel(label), {
        "content-type": "application/octet-stream",
      }),
  };
}
