import { worker } from "../src/compose/worker.ts";

const SCHEDULED = "/cdn-cgi/handler/scheduled";

/** The Worker as the local stack runs it: with `wrangler dev`'s way to fire a cron by hand. */
export default {
  ...worker,
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== SCHEDULED) return worker.fetch(request, env, ctx);
    const cron = searchParams.get("cron") ?? "";
    await worker.scheduled({ cron }, env, ctx);
    return new Response("ok");
  },
} satisfies ExportedHandler;
