import type { Tensor, TensorSpec } from "../model/tensor.ts";
import type { Digest } from "../ports/digest.ts";

/** What an answer depends on: a version's bytes, its inputs and which outputs. Nothing else is in a key. */
export interface KeyParts {
  /** Of `keyPrefix`. */
  readonly prefix: string;
  /** Of `outputsKey`. */
  readonly outputs: string;
  /** In the model's order, checked: names and datatypes are the version's own. */
  readonly inputs: readonly Tensor[];
  readonly slot?: KeySlot | undefined;
}

/** Where inputs that come again keep their key: it is made once for as long as version and outputs are the same. */
export interface KeySlot {
  prefix?: string;
  outputs?: string;
  key?: string | undefined;
  /** Of the premium answer beside it, and the strategy's mark that it was made with. */
  premium?: { readonly mark: string; readonly of: string; readonly key: string };
}

/** What keys of one version begin with: its digest, and names and datatypes of its inputs. */
export const keyPrefix = (digest: string, specs: readonly TensorSpec[]): string =>
  digest + JSON.stringify(specs.map(({ name, datatype }) => [name, datatype]));

/** The outputs to compute, in their order. */
export const outputsKey = (names: readonly string[]): string => JSON.stringify(names);

/** Up to here a key is the canonical form itself: no hash, no wait. */
const TEXT_MAX_BYTES = 1024;

/** As `textKey`, from the slot when it is there already. */
export function slottedKey(parts: KeyParts): string | undefined {
  const { slot, prefix, outputs } = parts;
  if (slot === undefined) return textKey(parts);
  if (slot.prefix !== prefix || slot.outputs !== outputs) {
    slot.prefix = prefix;
    slot.outputs = outputs;
    slot.key = textKey(parts);
  }
  return slot.key;
}

/**
 * The canonical form as text, one character per byte of data: equal exactly when version, inputs
 * and outputs are. `undefined` when the data is over 1 KiB. Each part ends where its own text
 * says (JSON, `[shape]`, data of a known size, `length:` before each string), so no two requests
 * share a form. Elements count by their bytes: 0 and -0 are two inputs, and so are two NaNs of
 * different bits.
 */
export function textKey({ prefix, outputs, inputs }: KeyParts): string | undefined {
  let room = TEXT_MAX_BYTES;
  let key = prefix + outputs;
  for (const { datatype, shape, data } of inputs) {
    key += `[${shape.join(",")}]`;
    if (datatype === "BYTES") {
      const text = lengthPrefixed(data, room);
      if (text === undefined) return undefined;
      room -= text.length;
      key += text;
    } else {
      room -= data.byteLength;
      if (room < 0) return undefined;
      key += String.fromCharCode.apply(undefined, bytesOf(data) as unknown as number[]);
    }
  }
  return key;
}

/**
 * SHA-256 of the canonical form, lower-case hex: 256 bits. Text goes in as UTF-16, which tells
 * lone surrogates apart as well. Holds no copy of numeric data.
 */
export async function hashKey(
  digest: Digest,
  { prefix, outputs, inputs }: KeyParts,
): Promise<string> {
  const hash = digest.sha256Stream();
  let text = prefix + outputs;
  for (const { datatype, shape, data } of inputs) {
    text += `[${shape.join(",")}]`;
    if (datatype === "BYTES") {
      text += lengthPrefixed(data, Number.POSITIVE_INFINITY);
      continue;
    }
    await hash.write(utf16(text));
    text = "";
    await hash.write(bytesOf(data));
  }
  if (text !== "") await hash.write(utf16(text));
  return hash.finish();
}

/** SHA-256 of a text as UTF-16, lower-case hex. */
export async function hashText(digest: Digest, text: string): Promise<string> {
  const hash = digest.sha256Stream();
  await hash.write(utf16(text));
  return hash.finish();
}

/** `undefined` when it gets longer than `max` characters. */
function lengthPrefixed(strings: readonly string[], max: number): string | undefined {
  let text = "";
  for (const string of strings) {
    text += `${string.length}:${string}`;
    if (text.length > max) return undefined;
  }
  return text;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Exclude<Tensor["data"], readonly string[]>) =>
  new Uint8Array(buffer, byteOffset, byteLength);

function utf16(text: string): Uint8Array {
  const units = new Uint16Array(text.length);
  for (let index = 0; index < text.length; index += 1) units[index] = text.charCodeAt(index);
  return new Uint8Array(units.buffer);
}
