/**
 * A classifier in 220 bytes: `x` [N, 2] float → Gemm, Softmax → `p` [N, 2] float; ArgMax →
 * `l` [N] int64. ONNX, operator set 17. What it makes the engine compile, most models need.
 */
export const WARM_UP_MODEL =
  "CAg60QEKEgoBeAoBdwoBYhIBeiIER2VtbQocCgF6EgFwIgdTb2Z0bWF4KgsKBGF4aXMYAaABAgosCgFwEgFsIgZB" +
  "cmdNYXgqCwoEYXhpcxgBoAECKg8KCGtlZXBkaW1zGACgAQISAWcqGwgCCAIQAUIBd0oQAACAPwAAAEAAAEBAAACA" +
  "QCoRCAIQAUIBYkoIAAAAAAAAAABaFAoBeBIPCg0IARIJCgMSAU4KAggCYhQKAXASDwoNCAESCQoDEgFOCgIIAmIQ" +
  "CgFsEgsKCQgHEgUKAxIBTkIECgAQEQ==";
