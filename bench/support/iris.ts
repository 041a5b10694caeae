import { join } from "node:path";

/** The model of the scenarios: small, so that what is measured is the way to the engine and back. */
export const IRIS = "iris-logreg";

/** An inference request of the Open Inference Protocol: one flower. */
export const IRIS_BODY = JSON.stringify({
  inputs: [{ name: "features", shape: [1, 4], datatype: "FP32", data: [5.1, 3.5, 1.4, 0.2] }],
});

/** The same bytes on disk, for a server that has no bucket. */
export const IRIS_PATH = join(
  import.meta.dirname,
  "../../examples/models/iris-logreg/versions/1/model.onnx",
);
