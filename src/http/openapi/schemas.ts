import { z } from "@hono/zod-openapi";
import { DATATYPES } from "../../core/model/datatype.ts";

/** Wire shapes for the OpenAPI document. Bodies on the hot path are checked by loops, not by these. */

export const oipErrorSchema = z.object({ error: z.string() }).openapi("Error");

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi("Problem");

const datatype = z.enum(DATATYPES);

export const tensorMetadataSchema = z
  .object({ name: z.string(), datatype, shape: z.array(z.number().int()) })
  .openapi("TensorMetadata");

const serverMetadataSchema = z
  .object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })
  .openapi("ServerMetadata");

const modelMetadataSchema = z
  .object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(tensorMetadataSchema),
    outputs: z.array(tensorMetadataSchema),
    parameters: z.record(z.string(), z.unknown()),
  })
  .openapi("ModelMetadata");

const requestTensor = z
  .object({
    name: z.string().openapi({ example: "features" }),
    shape: z.array(z.number().int().min(0)).openapi({ example: [1, 4] }),
    datatype: datatype.openapi({ example: "FP32" }),
    parameters: z.record(z.string(), z.unknown()).optional(),
    data: z
      .array(z.unknown())
      .openapi({ description: "Row-major, nested or flat.", example: [6.2, 2.8, 4.8, 1.8] }),
  })
  .openapi("RequestTensor");

const inferRequestSchema = z
  .object({
    id: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    inputs: z.array(requestTensor).min(1),
    outputs: z
      .array(
        z.object({ name: z.string(), parameters: z.record(z.string(), z.unknown()).optional() }),
      )
      .optional(),
  })
  .openapi("InferRequest");

const inferResponseSchema = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()),
    outputs: z.array(
      z.object({
        name: z.string(),
        shape: z.array(z.number().int()),
        datatype,
        parameters: z.record(z.string(), z.unknown()).optional(),
        data: z.array(z.unknown()).optional(),
      }),
    ),
  })
  .openapi("InferResponse");

const repositoryIndexSchema = z
  .array(
    z.object({
      name: z.string(),
      version: z.string(),
      state: z.enum(["READY", "LOADING", "UNAVAILABLE"]),
      reason: z.string(),
    }),
  )
  .openapi("RepositoryIndex");

/** The schemas that routes of the serving path name in their descriptions. */
export const SCHEMAS = {
  empty: z.object({}),
  inferRequest: inferRequestSchema,
  inferResponse: inferResponseSchema,
  modelMetadata: modelMetadataSchema,
  modelNames: z.object({ models: z.array(z.string()) }),
  object: z.record(z.string(), z.unknown()),
  readyFilter: z.object({ ready: z.boolean().optional() }),
  repositoryIndex: repositoryIndexSchema,
  serverMetadata: serverMetadataSchema,
} as const;

export type SchemaName = keyof typeof SCHEMAS;

/** One `application/json` body for a response or request. */
export const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

export const modelParams = z.object({
  model: z.string().openapi({ description: "Model name.", example: "iris-logreg" }),
});

export const versionParams = modelParams.extend({
  version: z
    .string()
    .openapi({ description: "A version (`2`) or an alias (`staging`).", example: "production" }),
});
