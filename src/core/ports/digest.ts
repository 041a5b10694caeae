/** A SHA-256 that is fed piece by piece. */
export interface HashStream {
  write(chunk: Uint8Array): Promise<void>;
  /** Lower-case hex; nothing may be written afterwards. */
  finish(): Promise<string>;
}

export interface Digest {
  sha256Stream(): HashStream;
}
