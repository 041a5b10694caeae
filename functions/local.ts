import { worker } from "../src/compose/worker.ts";

const SCHEDULED = "/cdn-cgi/handler/scheduled";
/** Told by the stack once the bucket holds what this boot puts there. */
const SEEDED = "/cdn-cgi/local/seeded";
const READINESS = new Set(["/health/ready", "/v2/health/ready"]);

/** Of this process: a stack that starts anew tells its Worker anew. */
const boot = { isSeeded: false };

/**
 * The Worker as the local stack runs it: with `wrangler dev`'s way to fire a cron by hand, and
 * not ready before the examples are published: it has to serve the bucket they go into.
 */
export default {
  ...worker,
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === SCHEDULED) {
      await worker.scheduled({ cron: searchParams.get("cron") ?? "" }, env, ctx);
      return new Response("ok");
    }
    if (pathname === SEEDED && request.method === "POST") {
      boot.isSeeded = true;
      return new Response("ok");
    }
    if (!boot.isSeeded && READINESS.has(pathname)) {
      return Response.json({ ready: false }, { status: 503 });
    }
    return worker.fetch(request, env, ctx);
  },
} satisfies ExportedHandler;
