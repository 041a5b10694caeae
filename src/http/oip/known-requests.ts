import { LRUCache } from "lru-cache";
import type { KeySlot } from "../../core/cache/prediction-key.ts";
import { ok, type Result } from "../../core/model/result.ts";
import type { Tensor } from "../../core/model/tensor.ts";
import type { JsonFailure } from "../body/parse-json.ts";
import type { OipProblem } from "./problem.ts";
import { type OipRequest, readOipRequest } from "./read-request.ts";

/** A request with the place for the key of its kept answer. */
export interface KnownRequest extends OipRequest {
  readonly keySlot?: KeySlot;
}

const MAX_BYTES = 1024 * 1024;
/** What is longer is rarely sent twice, and takes the room of many. */
const MAX_CHARACTERS = 2_048;
const ENTRY_BYTES = 500;

/**
 * JSON requests that came before, by their very text: for models whose answers are kept, where
 * to read the request anew takes longer than to find the answer. Least recently used out first,
 * within a mebibyte. Nothing of a request is changed by whoever answers it.
 */
export class KnownRequests {
  readonly #kept = new LRUCache<string, KnownRequest>({
    maxSize: MAX_BYTES,
    // The text, and as much again for the tensors made of it.
    sizeCalculation: (_request, text) => ENTRY_BYTES + 2 * 2 * text.length,
  });

  /** As `readOipRequest`. */
  read(text: string): Result<KnownRequest, OipProblem | JsonFailure> {
    if (text.length > MAX_CHARACTERS) return readOipRequest(text, undefined);
    const known = this.#kept.get(text);
    if (known !== undefined) return ok(known);
    const read = readOipRequest(text, undefined);
    if (!read.ok || !areTensors(read.value.inputs)) return read;
    const request = { ...read.value, keySlot: {} };
    this.#kept.set(text, request);
    return ok(request);
  }
}

const areTensors = (inputs: OipRequest["inputs"]): inputs is readonly Tensor[] =>
  typeof inputs !== "function";
