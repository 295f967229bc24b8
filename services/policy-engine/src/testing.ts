/** For tests that let the decisions of this service run without its files. */
export { decide } from "./decide.ts";
export { markTime } from "./deciding/moment.ts";
export { readState, timeOf } from "./deciding/state.ts";
export { manifest } from "./manifest.ts";
export { builtInRules } from "./rules/rule_set.ts";
