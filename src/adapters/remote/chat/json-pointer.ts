import { isObject } from "../../../core/model/is-object.ts";

const INDEX = /^(0|[1-9]\d*)$/;

/**
 * What stands at a JSON Pointer; `undefined` when nothing does. Only a document's own members
 * are found, never what JavaScript lends to every object. Source: RFC 6901, sections 3 and 4.
 * @param pointer empty for the whole document, else it begins with `/`
 */
export function atPointer(document: unknown, pointer: string): unknown {
  const [, ...tokens] = pointer.split("/");
  let value = document;
  for (const token of tokens) {
    // In this order: `~01` is `~1`, not `/`.
    value = member(value, token.replaceAll("~1", "/").replaceAll("~0", "~"));
    if (value === undefined) return undefined;
  }
  return value;
}

function member(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return INDEX.test(name) ? value[Number(name)] : undefined;
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
