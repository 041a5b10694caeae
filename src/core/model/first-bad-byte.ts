/** Lowest and highest second byte of a sequence, by its first byte. Source: RFC 3629, section 4. */
function secondByteRange(first: number): readonly [number, number] {
  if (first === 0xe0) return [0xa0, 0xbf];
  if (first === 0xed) return [0x80, 0x9f];
  if (first === 0xf0) return [0x90, 0xbf];
  if (first === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}

/** Bytes that a sequence has by its first one; 0 when none begins so. */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

function isSequence(bytes: Uint8Array, at: number, length: number): boolean {
  const [low, high] = secondByteRange(bytes[at] ?? 0);
  for (let index = 1; index < length; index += 1) {
    const byte = bytes[at + index] ?? 0;
    if (index === 1 ? byte < low || byte > high : byte < 0x80 || byte > 0xbf) return false;
  }
  return true;
}

/** Offset of the first byte that begins no UTF-8 sequence; -1 when all is UTF-8. For messages: a decoder says only that it failed. */
export function firstBadByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] ?? 0);
    if (length === 0 || !isSequence(bytes, at, length)) return at;
    at += length;
  }
  return -1;
}
