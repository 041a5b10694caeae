import { describe, expect, it } from "vitest";
import { jobsOf, leaseJob } from "../support/lease-job.ts";
import { must } from "../support/must.ts";
import { jsonOf, runCli } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";

const DEADLINE_MS = 5_000;

describe("jobs by command line", () => {
  const { freshet, stack } = withStack();

  it("says that there are none", async () => {
    expect(await freshet("jobs", "list")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^all jobs +0 queued, 0 running, .*\n\nno jobs\n$/),
    });
  });

  it("lists, shows, retries and cancels", async () => {
    await leaseJob(stack(), "job-1");
    await leaseJob(stack(), "job-2");
    const end = { kind: "dead", reason: "HTTP 500 from \u001b[31mthere" } as const;
    must(await jobsOf(stack()).finish("job-1", "job-1", end, Date.now(), DEADLINE_MS));

    const listed = await freshet("jobs", "list");
    expect(listed.out).toMatch(/^all jobs +0 queued, 1 running, 0 completed, 1 dead, 0 dropped$/m);
    expect(listed.out).toMatch(/^job-1 +iris +chat +dead +1\/2 .* HTTP 500 from/m);
    expect(listed.out).not.toContain("\u001b");
    expect(await jsonOf(freshet("jobs", "list", "--state", "dead", "--json"))).toMatchObject({
      counts: { running: 1, dead: 1 },
      items: [{ id: "job-1", state: "dead" }],
    });
    expect((await freshet("jobs", "list", "--model", "wine")).out).toMatch(/no jobs/);

    const shown = await freshet("jobs", "show", "job-1");
    expect(shown.out).toMatch(/^state +dead$/m);
    expect(shown.out).toMatch(/ dead +HTTP 500 from/);
    expect(await freshet("jobs", "retry", "job-1")).toMatchObject({
      code: 0,
      out: "job-1 is queued\n",
    });
    expect(await freshet("jobs", "cancel", "job-2")).toMatchObject({
      code: 0,
      out: "job-2 is dropped\n",
    });
    expect((await freshet("audit", "list")).out).toMatch(/admin +cancel_job +iris +job-2/);
    expect((await freshet("status")).out).toMatch(/^jobs +1 queued, 0 running, 0 dead$/m);
  });

  it("says what is wrong", async () => {
    expect(await freshet("jobs", "show", "nothing")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/there is no such job/),
    });
    expect(await freshet("jobs", "cancel", "job-2")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/the job is dropped/),
    });
    expect((await freshet("jobs", "list", "--state", "lost")).code).toBe(2);
    const anonymous = await runCli(["jobs", "retry", "job-2"], { FRESHET_URL: stack().url });
    expect(anonymous).toMatchObject({ code: 1, err: expect.stringMatching(/token/) });
  });
});
