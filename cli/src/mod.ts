export { buildProgram } from "./program.ts";
export type { Environment } from "./environment.ts";
