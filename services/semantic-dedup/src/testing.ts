/** For tests that let the decisions of this service run without its files. */
export { type Completion, decide } from "./decide.ts";
export { readState } from "./state.ts";
