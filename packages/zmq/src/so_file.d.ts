/** A shared library imported `with { type: "file" }` is its path, also inside a compiled program. */
declare module "*.so" {
  const path: string;
  export { path as default };
}
