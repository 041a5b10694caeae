/** The code that the system gives an error, such as `ENOENT`; empty where it has none. */
export const errorCodeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";
