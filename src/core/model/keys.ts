/** Where things lie in the bucket, relative to the prefix of configuration. */
export const modelsPrefix = "models/";

export const modelPrefix = (model: string): string => `models/${model}/`;

export const versionsPrefix = (model: string): string => `models/${model}/versions/`;

export const modelBytesKey = (model: string, version: string): string =>
  `models/${model}/versions/${version}/model.onnx`;

export const manifestKey = (model: string, version: string): string =>
  `models/${model}/versions/${version}/manifest.json`;

export const deploymentKey = (model: string): string => `models/${model}/deployment.json`;

/** Who moved which alias when: one object per revision, never changed. Sorts by revision. */
export const historyKey = (model: string, rev: number): string =>
  `${historyPrefix(model)}${String(rev).padStart(10, "0")}.json`;

export const historyPrefix = (model: string): string => `models/${model}/history/`;

/** Which version holds these bytes: publishing the same file again finds it here. */
export const digestKey = (model: string, digest: string): string =>
  `models/${model}/digests/${digest}.json`;

export const versionPrefix = (model: string, version: string): string =>
  `${versionsPrefix(model)}${version}/`;

/** What people say of a version afterwards: tags, description, deprecation. */
export const notesKey = (model: string, version: string): string =>
  `${versionPrefix(model, version)}notes.json`;

/** Stays for ever in the place of a deleted version: its number is not given again. */
export const tombstoneKey = (model: string, version: string): string =>
  `${versionPrefix(model, version)}tombstone.json`;
