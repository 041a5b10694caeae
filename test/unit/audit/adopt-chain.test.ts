import { beforeEach, describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import { adoptChain } from "../../../src/core/lifecycle/audit/adopt-chain.ts";
import { type ChaosStore, createChaosStore } from "../../support/chaos-store.ts";
import { must } from "../../support/must.ts";
import { type Chain, createChain } from "./a-chain.ts";

const HEAD = "audit/head.json";

describe("going on with the chain of a backup", () => {
  let chain: Chain;
  let backup: ChaosStore;
  beforeEach(() => {
    chain = createChain();
    backup = createChaosStore(createMemoryObjectStore({ digest: createNodeDigest() }));
  });

  const adopt = () => adoptChain({ store: chain.store, backup });
  const inBackup = async (key: string, text: string) =>
    must(await backup.put(key, new TextEncoder().encode(text), { deadlineMs: 1_000 }));

  /** Records two entries, keeps them in the backup, and loses the bucket. */
  async function lose(): Promise<void> {
    for (const target of ["a", "b"]) must(await chain.record({ target }));
    for (const key of await chain.entryKeys()) {
      await inBackup(key, await chain.read(key));
      await chain.remove(key);
    }
    await chain.remove(HEAD);
  }

  it("makes the backup's newest entry the head of a bucket that has none", async () => {
    await lose();
    must(await adopt());
    must(await adopt());
    const entry = must(await chain.record({ target: "c" }));
    const kept = await chain.read(entry.prev?.key ?? "");
    expect(JSON.parse(kept)).toMatchObject({ target: "b" });
  });

  it("leaves a chain that goes on alone", async () => {
    await lose();
    must(await chain.record({ target: "anew" }));
    const head = await chain.read(HEAD);
    must(await adopt());
    expect(await chain.read(HEAD)).toBe(head);
  });

  it("does nothing when the backup has no entry", async () => {
    must(await adopt());
    must(await chain.record());
    expect(await chain.verify()).toMatchObject({ ok: true, entries: 1 });
  });

  it("does not go on from something that is no entry", async () => {
    await inBackup("audit/2023/11/14/01HF7YAT00ZZZZZZZZZZZZZZZZ.json", "nonsense");
    expect(await adopt()).toMatchObject({ failure: { reason: "audit_unavailable" } });
  });

  it("says so when one of the two buckets does not answer", async () => {
    await lose();
    backup.break("get audit/2023", "unreachable");
    expect(await adopt()).toMatchObject({ failure: { reason: "audit_unavailable" } });
    backup.break("list audit/", "unreachable");
    expect(await adopt()).toMatchObject({ failure: { reason: "audit_unavailable" } });
    backup.mend();
    for (const part of ["get audit/head", "put audit/head"]) {
      chain.store.break(part, "unreachable");
      expect(await adopt()).toMatchObject({ failure: { reason: "audit_unavailable" } });
      chain.store.mend();
    }
  });

  it("takes a head that somebody else was faster to write", async () => {
    await lose();
    chain.store.break("put audit/head", "precondition_lost");
    must(await adopt());
  });
});
