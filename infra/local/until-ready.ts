import { StackError } from "./settings.ts";

const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

/**
 * Tells a Worker of the local stack that its bucket is filled, and waits until `/health/ready`
 * answers 200, which it does to nobody before.
 * @throws StackError with the last answer after 30 s, or at once when the configuration is wrong
 */
export async function untilReady(url: string): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  let last = "no answer";
  while (Date.now() < endMs) {
    await fetch(`${url}/cdn-cgi/local/seeded`, { method: "POST" }).catch(() => undefined);
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    last = answer === undefined ? "no answer" : await answer.text();
    const code = codeOf(last);
    if (code === "invalid_configuration") throw new StackError(detailOf(last));
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  throw new StackError(
    `the Worker is not ready after ${PATIENCE_MS / 1000} s; it last answered: ${last}`,
  );
}

const parse = (text: string): { readonly code?: string; readonly detail?: string } => {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
};

const codeOf = (text: string): string | undefined => parse(text).code;

const detailOf = (text: string): string => parse(text).detail ?? text;
