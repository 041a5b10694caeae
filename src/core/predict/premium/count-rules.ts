import { isObject } from "../../model/is-object.ts";

/** Far more than a schema of a model's outputs needs. */
export const MAX_RULES = 1_000;

/**
 * How many schemas one value may be held against, references followed: of those that double each
 * other thirty times there are a milliard, and the isolate would be held by them. A reference back
 * to where it stands counts once, as only what it looks into becomes smaller each time. What is
 * no schema may be counted as one.
 * @param known where references lead, as `dereference` tells
 */
export function countRules(schema: unknown, known: Readonly<Record<string, unknown>>): number {
  const counted = new Map<unknown, number>();
  const count = (node: unknown): number => {
    if (Array.isArray(node)) return sumOf(node);
    if (!isObject(node)) return 0;
    const before = counted.get(node);
    if (before !== undefined) return before;
    counted.set(node, 1);
    const target = node.__absolute_ref__;
    const referred = typeof target === "string" ? count(known[target]) : 0;
    const rules = 1 + referred + sumOf(Object.values(node));
    counted.set(node, rules);
    return rules;
  };
  const sumOf = (nodes: readonly unknown[]): number =>
    nodes.reduce<number>((sum, node) => sum + count(node), 0);
  return count(schema);
}
