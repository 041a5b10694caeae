import type { Scope } from "../core/model/scope.ts";
import type { AppContext } from "./app-env.ts";
import type { SchemaName } from "./openapi/schemas.ts";

export type Handler = (context: AppContext) => Response | Promise<Response>;

/** A body as the OpenAPI document tells it. */
export interface DocumentedBody {
  readonly schema: SchemaName;
  readonly description: string;
  /** It may as well be bytes. */
  readonly octets?: boolean;
}

/**
 * A route of the serving path. Its description is plain data that names schemas: a cold start
 * need not load, let alone build, what only the OpenAPI document wants.
 */
export interface ServingRoute {
  readonly method: "get" | "post";
  /** With parameters as OpenAPI writes them, such as `/v2/models/{model}`. */
  readonly path: string;
  /** `undefined`: open to all. */
  readonly scope: Scope | undefined;
  /** The group it stands in on the reference page. */
  readonly tag: string;
  readonly summary: string;
  readonly body?: DocumentedBody;
  readonly responses: Readonly<Record<number, DocumentedBody>>;
  /** Statuses of refusals that a caller may see besides 401. */
  readonly refusals?: readonly number[];
  readonly handler: Handler;
  /** Its answers carry `x-request-id` already. */
  readonly setsRequestId?: boolean;
}
