declare module "vitest" {
  /** What a global set-up tells the tests of its project. */
  interface ProvidedContext {
    /** Of test/support/remote-server.ts. */
    readonly remoteUrl: string;
  }
}

export {};
