import type { AnsweringVersion, Inference } from "../core/predict/inference.ts";
import { computedStatus, keptStatus, secondsOf } from "./cache-status.ts";
import { JSON_HEADERS, type WrittenResponse } from "./oip/write-response.ts";

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

/** Headers of one version by one route, and what of them was last written: most answers say the same. */
interface Lasting {
  readonly headers: Headers;
  acquireMs: number;
  runMs: number;
  job: string | undefined;
  ageS: number;
  ttlS: number;
}

/**
 * Makes responses whose headers tell what produced them. What stays the same from one answer
 * of a version to the next is kept as one `Headers` and copied natively: to convert each one
 * for every answer, or to touch `response.headers` later, costs workerd some 7 µs.
 */
export function createRespondInference(): RespondInference {
  const kept = new WeakMap<AnsweringVersion, Map<string, Lasting>>();

  function lasting(inference: Inference): Lasting {
    const { loaded, route, strategy, modelCache, cached } = inference;
    const ofVersion = kept.get(loaded) ?? new Map<string, Lasting>();
    kept.set(loaded, ofVersion);
    const tier = cached === undefined ? "" : ` ${statusKey(cached)}`;
    const key = `${strategy} ${modelCache} ${route}${tier}`;
    const found = ofVersion.get(key);
    if (found !== undefined) return found;
    const headers = new Headers(lastingHeaders(inference));
    const never = Number.NaN;
    const times = { acquireMs: never, runMs: never, ageS: never, ttlS: never };
    const made = { headers, job: undefined, ...times };
    ofVersion.set(key, made);
    return made;
  }

  return (inference, { body, headers }, { requestId, predictionId }) => {
    const last = lasting(inference);
    const { headers: kept } = last;
    // The response copies them: the next answer may write over these.
    kept.set("x-request-id", requestId);
    kept.set("x-freshet-prediction-id", predictionId);
    setJob(last, inference.job);
    setTiming(last, inference);
    if (inference.cached !== undefined) setAge(last, inference.cached);
    const response = new Response(body, { headers: kept });
    if (headers !== JSON_HEADERS) {
      for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    }
    return response;
  };
}

type Cached = NonNullable<Inference["cached"]>;

/** The same for every answer of a version by one route: routes are few, they come from the deployment. */
const lastingHeaders = ({ loaded, route, strategy, modelCache, cached }: Inference) => ({
  "x-freshet-model": loaded.model,
  "x-freshet-version": loaded.version,
  ...(loaded.digest === "" ? {} : { "x-freshet-digest": loaded.digest }),
  "x-freshet-strategy": strategy,
  "x-freshet-route": route,
  ...(loaded.etag === "" ? {} : { etag: loaded.etag }),
  ...JSON_HEADERS,
  "cache-status": computedStatus(modelCache, cached),
});

const statusKey = (cached: Cached): string =>
  cached.tier === "none"
    ? `${cached.why} ${cached.collapsed} ${cached.isolate} ${cached.stored} ${cached.redis}`
    : `${cached.tier} ${cached.isolate} ${cached.stored}`;

function setAge(last: Lasting, cached: Cached): void {
  if (cached.tier === "none") return;
  const { ageS, ttlS } = secondsOf(cached);
  if (ageS !== last.ageS) last.headers.set("age", String(ageS));
  if (ttlS !== last.ttlS) last.headers.set("cache-status", keptStatus(cached, ttlS));
  last.ageS = ageS;
  last.ttlS = ttlS;
}

/** The job is one answer's: the next one's headers must not name it. */
function setJob(last: Lasting, job: string | undefined): void {
  if (job === last.job) return;
  if (job === undefined) last.headers.delete("x-freshet-job");
  else last.headers.set("x-freshet-job", job);
  last.job = job;
}

function setTiming(last: Lasting, { acquireMs, runMs }: Inference): void {
  if (acquireMs === last.acquireMs && runMs === last.runMs) return;
  last.headers.set("server-timing", `acquire;dur=${acquireMs}, run;dur=${runMs}`);
  last.acquireMs = acquireMs;
  last.runMs = runMs;
}
