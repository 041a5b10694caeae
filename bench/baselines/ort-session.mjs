// What the baselines share: the engine started in global scope, and a model opened in it.
import { AwsClient } from "aws4fetch";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import * as ort from "onnxruntime-web/wasm";

const sentinel = new ArrayBuffer(8);
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = (source, imports) =>
  source instanceof WebAssembly.Module || source.byteLength !== 8
    ? instantiate(source, imports)
    : instantiate(wasm, imports).then((instance) => ({ instance, module: wasm }));
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmBinary = sentinel;
// The engine starts with the first session, so one is asked for in global scope, as Freshet does:
// a single byte is no model, and it is refused once the engine is up.
await ort.InferenceSession.create(new Uint8Array(1)).catch(() => undefined);

/** Fetches the model of `MODEL_KEY` from the same bucket, by a request that the same aws4fetch signs. */
export async function openSession(env) {
  const aws = new AwsClient({
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
    region: env.S3_REGION,
    service: "s3",
    retries: 0,
  });
  const answer = await aws.fetch(`${env.S3_ENDPOINT}/${env.S3_BUCKET}/${env.MODEL_KEY}`);
  if (!answer.ok) throw new Error(`the store answered ${answer.status}`);
  return ort.InferenceSession.create(new Uint8Array(await answer.arrayBuffer()));
}

/** A tensor of floats. */
export const floats = (data, shape) => new ort.Tensor("float32", data, shape);
