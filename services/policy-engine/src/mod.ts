export { checkPolicies } from "./rules/check_policies.ts";
export type { PolicyCheck } from "./rules/check_policies.ts";
export { formatRuleProblem } from "./rules/rule_problem.ts";
export type { RuleProblem } from "./rules/rule_problem.ts";
export { openDecisions } from "./decisions/open_decisions.ts";
export { NoDecisionLogError } from "./decisions/open_decisions.ts";
export type {
  Decisions,
  Emitting,
  EmittingQuery,
  RulesInForce,
  RuleSummary,
} from "./decisions/decision_reader.ts";
export type { Control, DecisionRecord, Outcome, Part } from "./decisions/decision_record.ts";
export { explainDecision, explainEmitting } from "./decisions/explain.ts";
export { service } from "./service.ts";
