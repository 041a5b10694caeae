import ortWasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { startEngine } from "../adapters/ort-wasm/start.ts";
import { createBackground } from "../adapters/web-platform/background.ts";
import { createSystemClock } from "../adapters/web-platform/clock.ts";
import { ENGINE_MAX_MEMORY_BYTES } from "../core/model/limits.ts";
import { renderRefusal } from "../http/problem.ts";
import { ConfigError, readConfig } from "./config.ts";
import { createIsolate, type Isolate } from "./isolate.ts";
import { secretsIn } from "./secrets.ts";

// Started in global scope: a request would pay 150–300 ms for it, start-up has a second.
const engine = await startEngine({ wasm: ortWasm, maxMemoryBytes: ENGINE_MAX_MEMORY_BYTES });

let isolate: Isolate | ConfigError | undefined;

/** The Worker: the one place that sees `env`. */
export const worker = {
  fetch(request: Request, env: unknown, ctx: ExecutionContext): Response | Promise<Response> {
    const ready = isolateFor(env);
    if (ready instanceof ConfigError) return refuseAll(request, ready);
    return ready.app.fetch(request, {}, ctx);
  },

  async scheduled(
    controller: Pick<ScheduledController, "cron">,
    env: unknown,
    ctx: ExecutionContext,
  ): Promise<void> {
    const ready = isolateFor(env);
    if (ready instanceof ConfigError) throw ready;
    const context = { background: createBackground(ctx), clock: createSystemClock() };
    await ready.tick(context, controller.cron);
  },
} satisfies ExportedHandler;

/** The configuration of a deployment does not change while its isolates live: read once, right or wrong. */
function isolateFor(env: unknown): Isolate | ConfigError {
  isolate ??= build(env);
  return isolate;
}

function build(env: unknown): Isolate | ConfigError {
  try {
    return createIsolate(readConfig(env), engine, secretsIn(env));
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** A wrong setting stops everything, with its name in each answer rather than a half-working service. */
function refuseAll(request: Request, error: ConfigError): Response {
  return renderRefusal(new URL(request.url).pathname, crypto.randomUUID(), {
    status: 503,
    code: error.code,
    detail: error.message,
  });
}
