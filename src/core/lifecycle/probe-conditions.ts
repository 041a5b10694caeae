import { getTextEncoding } from "@bufbuild/protobuf/wire";
import { probeKey } from "../model/keys.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { ObjectStore, PutOptions, StoreFailure } from "../ports/object-store.ts";

/**
 * - `enforced`: a write whose condition does not hold is refused, one whose condition holds is not.
 * - `ignored`: it is written all the same. Two publishers would overwrite each other.
 * - `refused`: one whose condition holds is refused, too. Nothing can be moved.
 */
export type Enforcement = "enforced" | "ignored" | "refused";

/** Whether a store keeps the two promises that the registry is built on. */
export interface ConditionReport {
  /** `If-None-Match: *`: version numbers and history. */
  readonly create: Enforcement;
  /** `If-Match`: the pointer. */
  readonly replace: Enforcement;
}

const DEADLINE_MS = 5_000;

/** Tries the store's conditional writes on a key of its own, and removes it. Six I/O calls at most. */
export async function probeConditions(
  store: ObjectStore,
  id: string,
): Promise<Result<ConditionReport, StoreFailure>> {
  const key = probeKey(id);
  try {
    return await probe(store, key);
  } finally {
    await store.delete(key, { deadlineMs: DEADLINE_MS });
  }
}

async function probe(
  store: ObjectStore,
  key: string,
): Promise<Result<ConditionReport, StoreFailure>> {
  const write = (text: string, when: PutOptions["when"]) =>
    store.put(key, getTextEncoding().encodeUtf8(text), {
      deadlineMs: DEADLINE_MS,
      ...(when === undefined ? {} : { when }),
    });
  const created = await write("first", "absent");
  const again = await write("second", "absent");
  const create = enforcementOf(created, again);
  if (!create.ok) return create;
  // Where the condition of a creation is not known at all, something has to be there to replace.
  const standing = created.ok && !again.ok ? created : await write("third", undefined);
  if (!standing.ok) return standing;
  const wrong = await write("fourth", { etag: '"00000000000000000000000000000000"' });
  const right = wrong.ok ? wrong : await write("fifth", standing.value);
  const replace = enforcementOf(right, wrong);
  return replace.ok ? ok({ create: create.value, replace: replace.value }) : replace;
}

type Written = Result<unknown, StoreFailure>;

function enforcementOf(mayBe: Written, mayNotBe: Written): Result<Enforcement, StoreFailure> {
  for (const written of [mayBe, mayNotBe]) {
    if (!written.ok && written.failure.reason !== "precondition_lost") return fail(written.failure);
  }
  if (mayNotBe.ok) return ok("ignored");
  return ok(mayBe.ok ? "enforced" : "refused");
}
