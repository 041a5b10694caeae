import type { LoadedVersion } from "../core/cache/model-cache.ts";
import type { FlightContext } from "../core/cache/single-flight.ts";
import type { WarmedLine } from "../core/lifecycle/cron/tick-report.ts";
import { checkSample } from "../core/lifecycle/publish/check-sample.ts";
import { ok } from "../core/model/result.ts";
import { reportReason } from "./report-reason.ts";
import type { TickDeps } from "./tick-deps.ts";
import { findWarmTargets, targetName, type WarmTarget } from "./warm-targets.ts";

export interface Warmed {
  readonly lines: readonly WarmedLine[];
  /** `model@version` to go on with; missing when all are done. */
  readonly next: string | undefined;
}

/**
 * Loads what is to be warm in this isolate, one after the other, and runs each one's sample.
 * A load fills the data centre's cache of bytes, too; other isolates are not reached. Begins
 * with `from`; nothing is begun after `endMs`.
 */
export async function warmVersions(
  deps: TickDeps,
  context: FlightContext,
  from: string | undefined,
  endMs: number,
): Promise<Warmed> {
  const { targets, none } = await findWarmTargets(deps, context, endMs);
  const lines: WarmedLine[] = none.map((wrong) => ({ ...wrong, ok: false, duration_ms: 0 }));
  const warm: { readonly loaded: LoadedVersion; readonly line: number }[] = [];
  for (const target of beginningWith(targets, from)) {
    if (deps.clock.now() >= endMs) return { lines, next: targetName(target) };
    const { line, loaded } = await warmOne(deps, context, target);
    lines.push(line);
    if (loaded !== undefined) warm.push({ loaded, line: lines.length - 1 });
    const lost = warm.filter(
      (one) => deps.models.peek(one.loaded.model, one.loaded.version) === undefined,
    );
    if (lost.length === 0) continue;
    // To go on would push out one warm version for another, for ever.
    for (const { line: index } of lost) crowdOut(lines, index);
    break;
  }
  return { lines, next: undefined };
}

function crowdOut(lines: WarmedLine[], index: number): void {
  const line = lines[index];
  if (line === undefined) return;
  const detail = "what is to be warm does not fit into MODEL_CACHE_MAX_BYTES together";
  lines[index] = { ...line, ok: false, reason: "crowded_out", detail };
}

/** All of them, from one on and round: one that is gone stands for the next one. */
function beginningWith(
  targets: readonly WarmTarget[],
  from: string | undefined,
): readonly WarmTarget[] {
  const start = from === undefined ? 0 : targets.findIndex((target) => targetName(target) >= from);
  return start <= 0 ? targets : [...targets.slice(start), ...targets.slice(0, start)];
}

async function warmOne(
  deps: TickDeps,
  context: FlightContext,
  { model, version }: WarmTarget,
): Promise<{ readonly line: WarmedLine; readonly loaded?: LoadedVersion }> {
  const { models, loader, clock } = deps;
  const startedMs = clock.now();
  const finish = (failure?: { readonly reason: string; readonly detail: string }): WarmedLine => {
    const base = { model, version, duration_ms: clock.now() - startedMs };
    if (failure === undefined) return { ...base, ok: true };
    return { ...base, ok: false, ...reportReason(failure.reason, failure.detail) };
  };
  const ready = models.get(model, version);
  const outcome =
    ready === undefined ? (await loader.load(context, model, version)).value : ok(ready);
  if (!outcome.ok) return { line: finish(outcome.failure) };
  const loaded = outcome.value;
  const ran = await models.use(loaded, (session) => checkSample(session, loaded.manifest.sample));
  if (ran === undefined || ran.ok) return { line: finish(), loaded };
  return { line: finish(ran.failure), loaded };
}
