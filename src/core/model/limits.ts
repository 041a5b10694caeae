const MIB = 1024 * 1024;

/**
 * Hard limit of the engine's linear memory. With the file being loaded and the heap it stays
 * under an isolate's 128 MB. `freshet model check` tries a file under the same.
 */
export const ENGINE_MAX_MEMORY_BYTES = 80 * MIB;

/** Budget of an isolate's loaded models unless MODEL_CACHE_MAX_BYTES says otherwise. */
export const DEFAULT_MODEL_BUDGET_BYTES = 48 * MIB;
