/** What must hold of an entity for a write to be made (RFC 9110, section 13.1). */
export type EntityCondition = "any" | "absent" | "present" | { readonly rev: number };

/** Whether it holds; `rev` 0: the entity is not there. */
export function holds(condition: EntityCondition, rev: number): boolean {
  if (condition === "any") return true;
  if (condition === "absent") return rev === 0;
  return condition === "present" ? rev !== 0 : rev === condition.rev;
}
