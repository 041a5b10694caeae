import { beforeAll, describe, expect, it } from "vitest";
import { ADMIN_TOKEN, type HttpApp } from "../support/http-app.ts";
import { createIrisApp } from "./iris-app.ts";

interface Schema {
  readonly $ref?: string;
  readonly example?: unknown;
  readonly type?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
  readonly responses: Readonly<Record<string, { readonly description?: string }>>;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

/** What describes the API is no part of it. */
const ABOUT_THE_API = ["GET /", "GET /docs", "GET /openapi.json"];

const HAS_A_STORY = new Set(["registry", "jobs", "entities", "conversations", "quality"]);

describe("/openapi.json", () => {
  let app: HttpApp;
  let document: Document;
  let operations: readonly (readonly [name: string, operation: Operation])[];

  beforeAll(async () => {
    app = await createIrisApp();
    document = (await (await app.request("/openapi.json")).json()) as Document;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
      ),
    );
  });

  it("is OpenAPI 3.1 of the running version", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(document.info).toMatchObject({ title: "Freshet", version: "1.2.3" });
  });

  it("documents every route, and nothing that is not routed", () => {
    const routed = app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`)
      .filter((route) => !ABOUT_THE_API.includes(route));
    expect(operations.map(([name]) => name).sort()).toEqual([...new Set(routed)].sort());
    expect(operations.length).toBeGreaterThan(20);
  });

  it("declares every parameter of a path, and no other", () => {
    for (const [name, { parameters = [] }] of operations) {
      const declared = parameters.filter((parameter) => parameter.in === "path");
      expect([name, declared.every(({ required }) => required === true)]).toEqual([name, true]);
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      expect([name, declared.map((parameter) => parameter.name)]).toEqual([name, inPath]);
    }
  });

  it("refers only to what it holds", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const [, reference = ""] of references) {
      expect(document.components.schemas).toHaveProperty([reference.split("/").at(-1) ?? ""]);
      expect(reference).toMatch(/^#\/components\/schemas\/\w+$/);
    }
  });

  it("says of each operation what it does and what each answer means", () => {
    for (const [name, { summary, tags, responses }] of operations) {
      expect([name, summary, tags]).toEqual([name, expect.any(String), [expect.any(String)]]);
      for (const [status, { description }] of Object.entries(responses)) {
        expect([name, status, description]).toEqual([name, status, expect.stringMatching(/.+/)]);
      }
    }
  });

  it("asks for a token exactly where a 401 can be answered", async () => {
    const closed = await createIrisApp({ publicScopes: new Set() });
    expect(document.components.securitySchemes).toHaveProperty("bearer");
    for (const [name, operation] of operations) {
      const [method = "", path = ""] = example(name, operation).split(" ");
      const { status } = await closed.request(path, { method });
      const documented = [operation.security !== undefined, "401" in operation.responses];
      expect([name, ...documented]).toEqual([name, status === 401, status === 401]);
    }
  });

  it("gives examples of serving that work", async () => {
    // Examples of these build on one another, or on what is in Redis: their own tests tell that.
    const serving = operations.filter(
      ([, { tags = [] }]) => !tags.some((tag) => HAS_A_STORY.has(tag)),
    );
    expect(serving.length).toBeGreaterThan(15);
    for (const [name, operation] of serving) {
      const [method = "", path = ""] = example(name, operation).split(" ");
      const schema = operation.requestBody?.content["application/json"]?.schema;
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      const body = schema === undefined ? {} : { body: JSON.stringify(assemble(schema)) };
      const answer = await app.request(path, { method, headers, ...body });
      expect([name, answer.status, await answer.text()]).toEqual([name, 200, expect.any(String)]);
      expect(Object.keys(operation.responses)).toContain("200");
    }
  });

  /** `GET /v2/models/{model}` with the parameters' examples in their places. */
  function example(name: string, { parameters = [] }: Operation): string {
    return parameters.reduce(
      (text, parameter) => text.replace(`{${parameter.name}}`, String(parameter.schema.example)),
      name,
    );
  }

  /** A value from a schema's examples: what has none is an object of what it requires, or one item. */
  function assemble(given: Schema): unknown {
    const schema = document.components.schemas[given.$ref?.split("/").at(-1) ?? ""] ?? given;
    if (schema.example !== undefined) return schema.example;
    if (schema.type === "array" && schema.items !== undefined) return [assemble(schema.items)];
    if (schema.type !== "object") throw new Error(`no example: ${JSON.stringify(schema)}`);
    const { required = [], properties = {} } = schema;
    return Object.fromEntries(required.map((name) => [name, assemble(properties[name] ?? {})]));
  }
});
