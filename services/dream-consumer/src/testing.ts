/** For tests that let the decisions of this service run without its files and processes. */
export { absorb } from "./absorb.ts";
export { answerWithout, completionOf, isAdoptable, type TriggerFacts } from "./decide.ts";
export { type CyclePlan, readPlan, withResult } from "./plan.ts";
export { addAnswers, dropAnswer, readState } from "./state.ts";
export { newestSeq, readWaiting } from "./waiting_triggers.ts";
