import { expect, it } from "vitest";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import { must } from "../../support/must.ts";
import { RADOSGW_PACKAGES, startRadosgw } from "../../support/radosgw.ts";
import { describeNeeding } from "../../support/skip-loudly.ts";
import { s3Store } from "./s3-store.ts";
import { contentOf, DEADLINE, expectFailure, READ, text } from "./subject.ts";
import { describeObjectStore } from "./suite.ts";

/** radosgw 16.2 compares If-Match of a PUT with the bare etag, though it gives etags in quotes. */
const withoutQuotes = (etag: string): string => etag.replace(/^"(.*)"$/, "$1");

describeNeeding(RADOSGW_PACKAGES, "radosgw's S3", () => {
  let store: ObjectStore | undefined;
  const start = async () => {
    const radosgw = await startRadosgw();
    store = s3Store(radosgw.config);
    return { store, stop: radosgw.stop };
  };

  describeObjectStore(start, { asCondition: withoutQuotes });

  it("deviates: it loses every replacement by an etag as it gave it, and overwrites nothing", async () => {
    if (store === undefined) throw new Error("radosgw has not started");
    const { etag } = must(await store.put("deviation", text("first"), DEADLINE));
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    const replaced = await store.put("deviation", text("second"), { ...DEADLINE, when: { etag } });
    expectFailure(replaced, "precondition_lost");
    expect(contentOf(must(await store.get("deviation", READ)).bytes)).toBe("first");
  });
});
