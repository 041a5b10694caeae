/**
 * The functions of onnxruntime-web's wasm build that Freshet calls, all synchronous in this
 * build. Numbers are pointers, handles and counts of 32 bits; a handle of 0 means failure.
 * Source: onnxruntime-web 1.30, lib/wasm/wasm-types.ts; onnxruntime, wasm/api.h.
 */
export interface OrtModule {
  /** Views of the linear memory. Read anew after every call: growing replaces them. */
  readonly HEAPU8: Uint8Array;
  readonly HEAP32: Int32Array;
  readonly HEAPU32: Uint32Array;

  /** Answers 0 when the memory is full. */
  _malloc(sizeBytes: number): number;
  _free(pointer: number): void;
  stackSave(): number;
  stackRestore(pointer: number): void;

  _OrtInit(threads: number, logSeverityLevel: number): number;
  _OrtGetLastError(code: number, message: number): number;
  _OrtFree(pointer: number): number;

  _OrtCreateSessionOptions(
    graphOptimizationLevel: number,
    enableCpuMemArena: boolean,
    enableMemPattern: boolean,
    executionMode: number,
    enableProfiling: boolean,
    profileFilePrefix: number,
    logId: number,
    logSeverityLevel: number,
    logVerbosityLevel: number,
    optimizedModelFilePath: number,
  ): number;
  _OrtCreateSession(data: number, sizeBytes: number, sessionOptions: number): number;
  _OrtReleaseSession(session: number): number;
  _OrtGetInputOutputCount(session: number, inputCount: number, outputCount: number): number;
  _OrtGetInputOutputMetadata(
    session: number,
    index: number,
    name: number,
    metadata: number,
  ): number;

  _OrtCreateTensor(
    elementType: number,
    data: number,
    sizeBytes: number,
    dims: number,
    rank: number,
    location: number,
  ): number;
  _OrtGetTensorData(
    tensor: number,
    elementType: number,
    data: number,
    dims: number,
    rank: number,
  ): number;
  _OrtReleaseTensor(tensor: number): number;

  _OrtCreateRunOptions(
    logSeverityLevel: number,
    logVerbosityLevel: number,
    terminate: boolean,
    tag: number,
  ): number;
  _OrtRun(
    session: number,
    inputNames: number,
    inputs: number,
    inputCount: number,
    outputNames: number,
    outputCount: number,
    outputs: number,
    runOptions: number,
  ): number;
}

/** Nothing that a model or an input does reaches the console. */
export const LOG_FATAL_ONLY = 4;
