import { type Deployment, deploymentSchema } from "../../model/deployment.ts";
import { deploymentKey } from "../../model/keys.ts";
import { namedVersions } from "../pointer/check-route.ts";
import { readDeployment } from "../read-deployment.ts";
import { parseDocument } from "../read-document.ts";
import { type CopyWork, readSmall, writeCopy } from "./copy-small.ts";
import type { GroupPair } from "./list-groups.ts";

/**
 * Copies a model's pointer, after everything that it names: the backup's pointer never names a
 * version that the backup lacks. One of a lower revision than the backup's is not taken: the
 * first bucket was put back, or begun anew.
 */
export async function copyPointer(
  work: CopyWork,
  { first, second }: GroupPair,
  model: string,
  hasVersion: (version: string) => boolean,
): Promise<void> {
  const { deps, tally, copies } = work;
  const key = deploymentKey(model);
  const [listed, copy] = [first.get(key), second.get(key)];
  if (listed === undefined) {
    if (copy !== undefined) tally.fail(key, "absent");
    return;
  }
  if (await copies.isSame(listed, copy)) {
    tally.unchanged += 1;
    return;
  }
  const source = await readSmall(deps.store, key);
  if (typeof source === "string") return tally.fail(key, source);
  const parsed = parseDocument(key, source.bytes, deploymentSchema);
  if (!parsed.ok || parsed.value.model !== model) return tally.fail(key, "invalid_document");
  const deployment = parsed.value;
  if (!versionsNamed(deployment).every(hasVersion)) {
    return tally.fail(key, "version_not_backed_up");
  }
  if (copy !== undefined) {
    const kept = await readDeployment(deps.backup, model);
    if (kept.ok && kept.value.value.rev > deployment.rev) return tally.fail(key, "behind_backup");
  }
  await writeCopy(work, key, source, copy);
}

/** Every version that a deployment sends traffic to. */
export const versionsNamed = ({ aliases }: Deployment): readonly string[] => [
  ...new Set(Object.values(aliases).flatMap(namedVersions)),
];
