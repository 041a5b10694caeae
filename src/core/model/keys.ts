/** Where things lie in the bucket, relative to the prefix of configuration. */
export const modelsPrefix = "models/";

export const modelPrefix = (model: string): string => `models/${model}/`;

export const versionsPrefix = (model: string): string => `models/${model}/versions/`;

export const modelBytesKey = (model: string, version: string): string =>
  `models/${model}/versions/${version}/model.onnx`;

export const manifestKey = (model: string, version: string): string =>
  `models/${model}/versions/${version}/manifest.json`;

export const deploymentKey = (model: string): string => `models/${model}/deployment.json`;
