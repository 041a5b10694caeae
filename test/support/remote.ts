import { parseAllowedHosts } from "../../src/adapters/remote/allowed-hosts.ts";
import { createRemoteModels } from "../../src/adapters/remote/remote-models.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import type { FlightContext } from "../../src/core/cache/single-flight.ts";
import type { ChatStrategy, OipStrategy } from "../../src/core/model/strategies.ts";
import type { Tensor, TensorSpec } from "../../src/core/model/tensor.ts";
import type { Clock } from "../../src/core/ports/clock.ts";
import type { RemoteModels, RemoteQuestion } from "../../src/core/ports/remote-models.ts";

export interface TestRemoteOptions {
  /** As FRESHET_REMOTE_HOSTS has them. */
  readonly hosts?: string;
  /** As with FRESHET_ENV=dev. */
  readonly isLocal?: boolean;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** The adapter over the platform's own fetch, and a context to ask in. */
export function createTestRemote({
  hosts = "",
  isLocal = true,
  secrets = {},
  clock = createSystemClock(),
  random = () => 0,
}: TestRemoteOptions = {}): { readonly remote: RemoteModels; readonly context: FlightContext } {
  const parsed = parseAllowedHosts(hosts);
  if (!parsed.ok) throw new Error(parsed.failure.detail);
  const remote = createRemoteModels(
    { hosts: parsed.value, isLocal },
    { fetch: (url, init) => fetch(url, init), random, clock, secretOf: (name) => secrets[name] },
  );
  return { remote, context: { clock, background: { keep: () => undefined } } };
}

const COMMON = {
  attempts: 3,
  backoff_ms: 1_000,
  mode: "background",
  max_concurrency: 4,
} as const;

export const oipStrategy = (url: string, more: Partial<OipStrategy> = {}): OipStrategy => ({
  kind: "oip",
  url,
  reference: "iris@2",
  ...COMMON,
  ...more,
});

export const chatStrategy = (url: string, more: Partial<ChatStrategy> = {}): ChatStrategy => ({
  kind: "chat",
  url,
  chat_model: "large-1",
  prompt: "Classify {{input x}}. Wanted: {{outputs}}.",
  ...COMMON,
  ...more,
});

/** Two rows of two numbers. */
export const ROWS: Tensor = {
  name: "x",
  datatype: "FP32",
  shape: [2, 2],
  data: Float32Array.of(1, 2, 3, 4),
};

export const LABEL: TensorSpec = { name: "label", datatype: "INT64", shape: [-1] };
export const SHARES: TensorSpec = { name: "probabilities", datatype: "FP32", shape: [-1, 2] };

export const question = (
  strategy: RemoteQuestion["strategy"],
  more: Partial<RemoteQuestion> = {},
): RemoteQuestion => ({
  strategy,
  inputs: [ROWS],
  outputs: [LABEL, SHARES],
  classes: ["no", "yes"],
  deadlineMs: 5_000,
  requestId: "request-1",
  ...more,
});

/** What a server of the protocol answers to two rows. */
export const oipAnswer = (more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    model_name: "iris",
    model_version: "2",
    outputs: [
      { name: "probabilities", datatype: "FP32", shape: [2, 2], data: [0.25, 0.75, 0.5, 0.5] },
      { name: "label", datatype: "INT64", shape: [2], data: [1, 0] },
    ],
    ...more,
  });

/** A completion that says a text. */
export const completion = (content: unknown, more: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({
    id: "c-1",
    object: "chat.completion",
    model: "large-1-2026",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
    ...more,
  });
