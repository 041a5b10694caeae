import { expect } from "vitest";
import type { Result } from "../../../src/core/model/result.ts";
import type { Bytes } from "../../../src/core/model/tensor.ts";
import type { ObjectStore, StoreFailure } from "../../../src/core/ports/object-store.ts";

/** The adapter under test: what it is, and its known differences. */
export interface Subject {
  readonly store: ObjectStore;
  /** How an etag must be written in a condition; the port says: as it came. */
  asCondition(etag: string): string;
}

/** Given to the parts of the suite: the store exists only once the tests run. */
export type GetSubject = () => Subject;

export const DEADLINE = { deadlineMs: 20_000 };
export const READ = { ...DEADLINE, maxBytes: 10_000_000 };

export const text = (content: string): Bytes => new TextEncoder().encode(content);

export const contentOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export function expectFailure(
  result: Result<unknown, StoreFailure>,
  reason: StoreFailure["reason"],
): void {
  expect(result.ok ? "success" : result.failure.reason).toBe(reason);
}

let folders = 0;

/** A prefix that no other test writes under. */
export function newFolder(): string {
  folders += 1;
  return `folder-${folders}/`;
}
