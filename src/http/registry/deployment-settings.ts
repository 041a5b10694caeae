import type { DeploymentSettings } from "../../core/model/deployment.ts";

/** What may be set besides the routes. */
export const SETTINGS = ["cache", "policy", "warm", "strategies", "record", "batching"] as const;
type Setting = (typeof SETTINGS)[number];
type GivenSettings = { readonly [S in Setting]?: DeploymentSettings[S] | null };

/** Those that the body has. */
export const givenSettings = (body: GivenSettings): GivenSettings =>
  Object.fromEntries(
    SETTINGS.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]])),
  );

/** What is left out stays as it is; `null` takes out what was set. */
export const settingsOf = (given: GivenSettings): DeploymentSettings =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value ?? undefined]));
