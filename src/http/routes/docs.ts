import type { OpenAPIHono } from "@hono/zod-openapi";
import { Scalar } from "@scalar/hono-api-reference";
import type { AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";

/** `/openapi.json`, made from the routes, and the reference page at `/docs`, from own assets alone. */
export function addDocsRoutes(app: OpenAPIHono<AppEnv>, { settings }: HttpDeps): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
  });
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "Freshet",
      version: settings.version,
      description:
        "Serverless model serving at the edge: the Open Inference Protocol over ONNX models in S3-compatible storage.",
      license: { name: "Apache-2.0" },
    },
  });
  app.get(
    "/docs",
    Scalar({
      url: "/openapi.json",
      cdn: "/assets/scalar-api-reference.js",
      pageTitle: "Freshet API",
      withDefaultFonts: false,
      telemetry: false,
      agent: { disabled: true },
    }),
  );
  app.get("/", (c) => c.redirect("/docs"));
}
