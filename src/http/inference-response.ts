import type { LoadedVersion } from "../core/cache/model-cache.ts";
import type { Inference } from "../core/predict/infer.ts";
import { JSON_HEADERS, type WrittenResponse } from "./oip/write-response.ts";

/** Session found, loaded for this request, or loaded by another that this one joined (RFC 9211). */
const CACHE_STATUS = {
  hit: "model; hit",
  miss: "model; fwd=miss; stored",
  collapsed: "model; fwd=miss; collapsed",
} as const;

export interface AnswerIds {
  readonly requestId: string;
  readonly predictionId: string;
}

/** Makes the response of one inference. */
export type RespondInference = (
  inference: Inference,
  written: WrittenResponse,
  ids: AnswerIds,
) => Response;

/**
 * Makes responses whose headers tell what produced them. What stays the same from one answer
 * of a version to the next is kept as one `Headers` and copied natively: to convert each one
 * for every answer, or to touch `response.headers` later, costs workerd some 7 µs.
 */
export function createRespondInference(): RespondInference {
  const kept = new WeakMap<LoadedVersion, Map<string, Headers>>();

  function lasting(inference: Inference): Headers {
    const { loaded, route, strategy, modelCache } = inference;
    const ofVersion = kept.get(loaded) ?? new Map<string, Headers>();
    kept.set(loaded, ofVersion);
    const key = `${strategy} ${modelCache} ${route}`;
    const headers = ofVersion.get(key) ?? new Headers(lastingHeaders(inference));
    ofVersion.set(key, headers);
    return headers;
  }

  return (inference, { body, headers }, { requestId, predictionId }) => {
    const kept = lasting(inference);
    // The response copies them: the next answer may write over these three.
    kept.set("x-request-id", requestId);
    kept.set("x-freshet-prediction-id", predictionId);
    kept.set("server-timing", timing(inference));
    const response = new Response(body, { headers: kept });
    if (headers !== JSON_HEADERS) {
      for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    }
    return response;
  };
}

/** The same for every answer of a version by one route: routes are few, they come from the deployment. */
const lastingHeaders = ({ loaded, route, strategy, modelCache }: Inference) => ({
  "x-freshet-model": loaded.model,
  "x-freshet-version": loaded.version,
  "x-freshet-digest": loaded.digest,
  "x-freshet-strategy": strategy,
  "x-freshet-route": route,
  etag: loaded.etag,
  ...JSON_HEADERS,
  "cache-status": CACHE_STATUS[modelCache],
});

const timing = ({ acquireMs, runMs }: Inference): string =>
  `acquire;dur=${acquireMs}, run;dur=${runMs}`;
