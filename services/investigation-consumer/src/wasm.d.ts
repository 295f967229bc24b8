/** `import path from "x.wasm" with {type: "file"}`: the file's path, in a compiled program that of the embedded copy. */
declare module "*.wasm" {
  const path: string;
  export default path;
}
