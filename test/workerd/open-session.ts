import { type Bytes, makeTensor, type Tensor } from "../../src/core/model/tensor.ts";
import type { EngineSession, OpenFailure, RunFailure } from "../../src/core/ports/engine.ts";
import { engine } from "./isolate-engine.ts";

/** Opens a model that must open. The caller releases it. */
export async function openSession(model: Bytes): Promise<EngineSession> {
  const opened = await engine.open(model);
  if (!opened.ok) throw new Error(`${opened.failure.reason}: ${opened.failure.detail}`);
  return opened.value;
}

/** Opens a model, lends it to `work` and releases it. */
export async function withSession<T>(
  model: Bytes,
  work: (session: EngineSession) => Promise<T>,
): Promise<T> {
  const session = await openSession(model);
  try {
    return await work(session);
  } finally {
    await session.release();
  }
}

/** Why a model does not open. */
export async function openFailure(model: Bytes): Promise<OpenFailure> {
  const opened = await engine.open(model);
  if (opened.ok) throw new Error("it opened");
  return opened.failure;
}

/** A run of every output that must succeed. */
export async function runAll(
  session: EngineSession,
  inputs: readonly Tensor[],
): Promise<readonly Tensor[]> {
  const ran = await session.run(
    inputs,
    session.outputs.map(({ name }) => name),
  );
  if (!ran.ok) throw new Error(`${ran.failure.reason}: ${ran.failure.detail}`);
  return ran.value;
}

/** Why a run of every output fails. */
export async function runFailure(
  session: EngineSession,
  inputs: readonly Tensor[],
): Promise<RunFailure> {
  const ran = await session.run(
    inputs,
    session.outputs.map(({ name }) => name),
  );
  if (ran.ok) throw new Error("it ran");
  return ran.failure;
}

export const floats = (name: string, shape: readonly number[], ...data: number[]): Tensor =>
  makeTensor(name, "FP32", shape, Float32Array.from(data));

/** The file behind a `data:` URL. */
export function bytesOf(dataUrl: string): Bytes {
  const base64 = dataUrl.slice(dataUrl.indexOf(",") + 1);
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
