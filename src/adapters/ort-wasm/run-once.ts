import type { Tensor } from "../../core/model/tensor.ts";
import { isCrash } from "./engine-error.ts";
import type { NativeSession } from "./native-session.ts";
import { lastError, type Ort } from "./ort.ts";
import type { OrtModule } from "./ort-module.ts";
import { copyIn, createTensor } from "./tensor-in.ts";
import { copyOut } from "./tensor-out.ts";

/**
 * Runs a graph, from the first copy to the last without a pause. The engine keeps nothing of it.
 * @returns tensors in the order of `outputs`
 * @throws OrtError, MemoryFull, BadTensor, a number for a C++ exception; what the engine held
 * is given back then, too. A crash is passed on at once: the engine must not be touched again.
 */
export function runOnce(
  ort: Ort,
  native: NativeSession,
  inputs: readonly Tensor[],
  outputs: readonly string[],
): readonly Tensor[] {
  const buffers: number[] = [];
  const handles: number[] = [];
  let results: readonly Tensor[];
  try {
    placeInputs(ort, native, inputs, buffers, handles);
    placeOutputs(ort.module, native, outputs);
    execute(ort, native, inputs.length, outputs.length);
    results = collect(ort, native.frame.outputHandles, outputs, handles);
  } catch (error) {
    if (!isCrash(error)) giveBack(ort.module, buffers, handles);
    throw error;
  }
  giveBack(ort.module, buffers, handles);
  return results;
}

function placeInputs(
  ort: Ort,
  { frame, inputNames }: NativeSession,
  inputs: readonly Tensor[],
  buffers: number[],
  handles: number[],
): void {
  for (let index = 0; index < inputs.length; index += 1) {
    const tensor = inputs[index] as Tensor;
    const name = inputNames.get(tensor.name);
    if (name === undefined) throw new Error(`the session has no input '${tensor.name}'`);
    const buffer = copyIn(ort.module, tensor);
    buffers.push(buffer);
    const handle = createTensor(ort, frame, tensor, buffer);
    handles.push(handle);
    ort.module.HEAPU32[(frame.inputNames >>> 2) + index] = name;
    ort.module.HEAPU32[(frame.inputHandles >>> 2) + index] = handle;
  }
}

function placeOutputs(
  module: OrtModule,
  { frame, outputNames }: NativeSession,
  outputs: readonly string[],
): void {
  const words = module.HEAPU32;
  for (let index = 0; index < outputs.length; index += 1) {
    const output = outputs[index] as string;
    const name = outputNames.get(output);
    if (name === undefined) throw new Error(`the session has no output '${output}'`);
    words[(frame.outputNames >>> 2) + index] = name;
    // 0 asks the engine to make the tensor.
    words[(frame.outputHandles >>> 2) + index] = 0;
  }
}

function execute(
  ort: Ort,
  { handle, frame }: NativeSession,
  inputCount: number,
  outputCount: number,
): void {
  const failed = ort.module._OrtRun(
    handle,
    frame.inputNames,
    frame.inputHandles,
    inputCount,
    frame.outputNames,
    outputCount,
    frame.outputHandles,
    ort.runOptions,
  );
  if (failed !== 0) throw lastError(ort);
}

function collect(
  ort: Ort,
  outputHandles: number,
  outputs: readonly string[],
  handles: number[],
): readonly Tensor[] {
  const first = outputHandles >>> 2;
  const inputCount = handles.length;
  // All are to be released, whether or not they can be copied.
  for (const index of outputs.keys()) handles.push(ort.module.HEAPU32[first + index] ?? 0);
  return outputs.map((name, index) => copyOut(ort, handles[inputCount + index] ?? 0, name));
}

function giveBack(module: OrtModule, buffers: readonly number[], handles: readonly number[]): void {
  // A tensor only borrows its buffer: it goes first.
  for (const handle of handles) module._OrtReleaseTensor(handle);
  for (const buffer of buffers) module._free(buffer);
}
