import { isLoopback, type StackSettings } from "./settings.ts";
import type { Stack } from "./stack.ts";

/** An iris and the answer it should have: setosa, versicolor or virginica with their probabilities. */
const EXAMPLE = {
  inputs: [{ name: "features", shape: [1, 4], datatype: "FP32", data: [6.2, 2.8, 4.8, 1.8] }],
  outputs: [{ name: "label" }, { name: "probabilities", parameters: { classification: 3 } }],
};

/** A request that can be pasted into a shell. */
export function curlLine(url: string, token: string | undefined): string {
  const auth = token === undefined ? "" : ` -H 'authorization: Bearer ${token}'`;
  return `curl -s ${url}/v2/models/iris-logreg/infer${auth} -d '${JSON.stringify(EXAMPLE)}'`;
}

/** What the terminal shows once the stack is ready. */
export function banner(stack: Stack, settings: StackSettings): string {
  const redis = {
    "redis-server": "redis-server, kept in the data folder",
    "ioredis-mock": "in memory, gone at the end (redis-server is not on the PATH)",
    external: "as given by UPSTASH_REDIS_REST_URL",
  }[stack.redis];
  const s3 =
    settings.given.S3_ENDPOINT === undefined ? stack.s3.endpoint : "as given by S3_ENDPOINT";
  const token = isLoopback(settings.host) ? undefined : stack.adminToken;
  return `
  Freshet is ready

  URL          ${stack.url}
  API docs     ${stack.url}/docs
  Admin token  ${stack.adminToken}
  Data         ${settings.dataDir}
  S3           ${s3}
  Redis        ${redis}

  Try it:

  ${curlLine(stack.url, token)}

  The command line, in another terminal:

  export FRESHET_URL=${stack.url} FRESHET_TOKEN=${stack.adminToken}
  npm run -s freshet -- model list
`;
}
