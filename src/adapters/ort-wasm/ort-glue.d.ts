/** onnxruntime-web ships no types for the glue of its wasm build. Source: lib/wasm/wasm-types.ts, 1.30. */
declare module "onnxruntime-web/ort-wasm-simd-threaded.mjs" {
  const createOrtModule: (options: {
    readonly numThreads: number;
    instantiateWasm(
      imports: WebAssembly.Imports,
      receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ): object;
  }) => Promise<import("./ort-module.ts").OrtModule>;
  export default createOrtModule;
}
