/** For tests that let the decisions of this service run without its files. */
export { completionOf } from "./completion.ts";
export { chooseTarget, type Question, wordsOf } from "./decide.ts";
export { genericRecord, type ModuleResult, moduleRecord, type Stamp } from "./record.ts";
