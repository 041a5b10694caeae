/** What other files begin with, as far as people upload them by mistake. */
const BEGINNINGS: readonly (readonly [offset: number, bytes: string, what: string])[] = [
  [0, "<", "a web page or XML"],
  [0, "{", "JSON"],
  [0, "PK\u0003\u0004", "a ZIP archive, such as PyTorch's or Keras's"],
  [0, "\u001f\u008b", "compressed by gzip"],
  [0, "\u0080", "a Python pickle"],
  [0, "\u0089HDF", "HDF5, such as old Keras's"],
  [0, "version https://git-lfs", "a Git LFS pointer, not the file itself"],
  [4, "ORTM", "in ONNX Runtime's own format; publish the .onnx it was made from"],
  [4, "TFL3", "TensorFlow Lite"],
];

/** Says what a file that is no ONNX model seems to be; `undefined` when nothing is known of it. */
export function recognizeForeignFile(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "empty";
  return BEGINNINGS.find(([offset, beginning]) => startsWith(bytes, offset, beginning))?.[2];
}

function startsWith(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[offset + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
