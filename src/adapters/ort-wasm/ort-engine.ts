import { inspectOnnx, type OnnxFacts } from "../../core/model/onnx/inspect.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Bytes, TensorSpec } from "../../core/model/tensor.ts";
import type { Engine, EngineSession, OpenFailure } from "../../core/ports/engine.ts";
import { GuardedOrt } from "./guarded-ort.ts";
import { keptBytes } from "./memory-estimate.ts";
import { openNative } from "./native-session.ts";
import { toOpenFailure } from "./open-failure.ts";
import { createOrt } from "./ort.ts";
import { OrtSession } from "./session.ts";
import type { Runtime } from "./wasm-runtime.ts";

/** onnxruntime-web as the engine. Every call is synchronous inside: CPU work of one isolate. */
export class OrtEngine implements Engine {
  readonly #start: () => Promise<Runtime>;
  #runtime: Runtime;
  #ort: GuardedOrt;
  #restart: Promise<void> | undefined;

  /** @param start starts another runtime, should this one crash */
  constructor(runtime: Runtime, start: () => Promise<Runtime>) {
    this.#start = start;
    this.#runtime = runtime;
    this.#ort = new GuardedOrt(createOrt(runtime.module));
  }

  /** What inspection refuses never reaches the engine. After a crash, starts a new one first. */
  async open(model: Bytes): Promise<Result<EngineSession, OpenFailure>> {
    const facts = inspectOnnx(model);
    if (!facts.ok) return facts;
    if (this.#ort.isBroken) await this.#replace();
    const engine = this.#ort;
    const before = this.#usedBytes();
    try {
      const opened = engine.enter((ort) => openNative(ort, model));
      const growth = { before, after: this.#usedBytes() };
      return ok(
        new OrtSession(engine, opened.native, {
          inputs: opened.inputs,
          outputs: openUnknownRanks(opened.outputs, facts.value),
          memoryBytes: keptBytes(facts.value, model.byteLength, growth),
        }),
      );
    } catch (error) {
      return fail(toOpenFailure(error));
    }
  }

  async restart(): Promise<void> {
    this.#ort.retire(new Error("the engine was started anew to have its memory whole"));
    await this.#replace();
  }

  memory(): { readonly usedBytes: number; readonly limitBytes: number } {
    return { usedBytes: this.#usedBytes(), limitBytes: this.#runtime.limitBytes };
  }

  /** One restart for all who wait: it is CPU work of this isolate, no request's I/O. */
  #replace(): Promise<void> {
    this.#restart ??= this.#start()
      .then((runtime) => {
        this.#runtime = runtime;
        this.#ort = new GuardedOrt(createOrt(runtime.module));
      })
      .finally(() => {
        this.#restart = undefined;
      });
    return this.#restart;
  }

  #usedBytes(): number {
    return this.#runtime.module.HEAPU8.byteLength;
  }
}

/**
 * The engine tells an output of unknown rank like a scalar. Where the file, too, is silent,
 * one open dimension is the lesser lie.
 */
const openUnknownRanks = (
  outputs: readonly TensorSpec[],
  facts: OnnxFacts,
): readonly TensorSpec[] =>
  outputs.map((output) => {
    const declared = facts.outputs.find(({ name }) => name === output.name);
    return output.shape.length === 0 && declared?.shape === undefined
      ? { ...output, shape: [-1] }
      : output;
  });
