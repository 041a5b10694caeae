import type { Bytes } from "../model/tensor.ts";

/** Compresses to one gzip member (RFC 1952). Holds both forms at once. */
export type Gzip = (bytes: Bytes) => Promise<Bytes>;
