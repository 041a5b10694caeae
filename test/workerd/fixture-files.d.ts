/** A file's bytes as a `data:` URL, by Vite: workerd has no disk to read them from. */
declare module "*.onnx?url&inline" {
  const url: string;
  // biome-ignore lint/style/noDefaultExport: it is how Vite gives a file
  export default url;
}

declare module "*.csv?raw" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: it is how Vite gives a file
  export default text;
}
