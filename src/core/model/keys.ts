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

export const bundlesPrefix = "bundles/";

export const bundleKey = (name: string): string => `${bundlesPrefix}${name}.json`;

export const auditPrefix = "audit/";

/** Holds the newest audit entry; the only object under `audit/` that changes. */
export const auditHeadKey = `${auditPrefix}head.json`;

/** One admin action. Sorts by time, and ULIDs of one chain ascend. */
export const auditKey = (id: string, at: string): string =>
  `${auditPrefix}${at.slice(0, 10).replaceAll("-", "/")}/${id}.json`;

/** Records of predictions that were answered in one hour, `2026-11-28T10` of UTC; `id` tells its objects apart. */
export const predictionsKey = (hour: string, id: string): string =>
  `predictions/${hour.replaceAll(/[-T]/g, "/")}/${id}.ndjson.gz`;

/** Where an upload that goes straight into the bucket lies until it is a version. */
export const uploadKey = (model: string, id: string): string =>
  `${modelPrefix(model)}uploads/${id}/model.onnx`;

/** How the last backup went. In the first bucket, where it is read. */
export const backupStatusKey = "backup/status.json";

/** Which copies are known to be the same though the two stores' etags differ. */
export const backupStateKey = (group: string): string => `backup/state/${group}copies.json`;

/** Written and removed again, to see what the store does with a condition. */
export const probeKey = (id: string): string => `probes/${id}.txt`;
