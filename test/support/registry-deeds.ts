import { deploymentKey, notesKey } from "../../src/core/model/keys.ts";
import { type ApiAnswer, callApi } from "./call-api.ts";
import { irisBytes } from "./iris.ts";

/** A write of the API on a seeded model (`seedModel`). */
export interface Deed {
  readonly name: string;
  /** Moves of the pointer that it makes. */
  readonly moves: number;
  /** The write that decides it. */
  readonly decidedBy: (model: string) => string;
  /** @param mark the one that the model was seeded with */
  send(url: string, model: string, mark: number, key: string): Promise<ApiAnswer>;
  /** Whether an isolate sees it done. */
  isDone(url: string, model: string): Promise<boolean>;
}

type Request = readonly [method: string, path: string, body?: unknown];

const deed = (
  name: string,
  request: (mark: number) => Request,
  isDone: (read: (path: string) => Promise<ApiAnswer>) => Promise<boolean>,
  { moves = 1, decidedBy = deploymentKey }: Partial<Pick<Deed, "moves" | "decidedBy">> = {},
): Deed => ({
  name,
  moves,
  decidedBy,
  send(url, model, mark, key) {
    const [method, path, body] = request(mark);
    return callApi(url, method, `/v1/models/${model}${path}`, body, { "idempotency-key": key });
  },
  isDone: (url, model) => isDone((path) => callApi(url, "GET", `/v1/models/${model}${path}`)),
});

const points =
  (alias: string, version: string | undefined) =>
  async (read: (path: string) => Promise<ApiAnswer>): Promise<boolean> => {
    const { status, body } = await read("/aliases");
    const weights = body.aliases?.[alias]?.weights;
    return (
      status === 200 && (version === undefined ? weights === undefined : weights?.[version] === 100)
    );
  };

export const PUBLISH = deed(
  "publish",
  (mark) => ["POST", "/versions?alias=production", irisBytes(mark + 3)],
  async (read) => {
    const { body } = await read("/aliases");
    const [version = ""] = Object.keys(body.aliases.production.weights);
    // A number may be used up by a try that failed; the version has the next one.
    return Number(version) > 3 && (await read(`/versions/${version}`)).status === 200;
  },
);

export const SET_ALIAS = deed(
  "alias",
  () => ["PUT", "/aliases/canary", { version: "3" }],
  points("canary", "3"),
);

export const DELETE = deed(
  "delete",
  () => ["DELETE", "/versions/1"],
  async (read) => [404, 410].includes((await read("/versions/1")).status),
);

/** All but the publish, which has more than one write of its own. */
export const DEEDS: readonly Deed[] = [
  deed("promote", () => ["POST", "/promote", {}], points("production", "3")),
  deed("rollback", () => ["POST", "/rollback", {}], points("production", "1")),
  SET_ALIAS,
  deed("alias removal", () => ["DELETE", "/aliases/staging"], points("staging", undefined)),
  DELETE,
  deed(
    "tag",
    () => ["PATCH", "/versions/3", { tags: { checked: "yes" } }],
    async (read) => (await read("/versions/3")).body.tags?.checked === "yes",
    { moves: 0, decidedBy: (model) => notesKey(model, "3") },
  ),
];
