/** For tests that let the decisions of this service run without its files. */
export { DEFAULT_ALLOWED } from "./allow_list.ts";
export { type Candidate, judge } from "./decide.ts";
export { DEFAULT_GUARDRAILS } from "./guardrails.ts";
export { findWinner, type Memory, readMemory } from "./memory.ts";
export { type Deployment, type DeployPlan, planDeployment, readPlan, shareOf } from "./plan.ts";
export { settle } from "./settle.ts";
