/** What a signal says, in one line for people. Pure. */
import type { Envelope } from "@kloros/signal-schema";
import { DREAM_DESCRIPTIONS } from "./describe_dream.ts";
import { fact, factList, isFacts, plural, suffix, type Describe, type Facts } from "./fact_text.ts";

const TEXT_MAX = 160;

export function describeFacts(signal: Pick<Envelope, "signal" | "facts">): string {
  const describe = DESCRIPTIONS[signal.signal] ?? describeUnknown;
  return shorten(printable(describe(signal.facts) || describeUnknown(signal.facts)), TEXT_MAX);
}

const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  Q_INTENT_READY: (facts) =>
    `${fact(facts, "file")} (${fact(facts, "intent_type")}, ${fact(facts, "priority")})`,
  Q_CURIOSITY_INVESTIGATE: (facts) =>
    `${subject(facts)}: “${shorten(fact(facts, "question"), 90)}” (${fact(facts, "priority")})`,
  Q_INVESTIGATION_COMPLETE: describeInvestigation,
  Q_EVIDENCE_UPDATED: (facts) => {
    const changed = factList(facts, "changed");
    const what = changed.length === 0 ? "nothing new" : changed.join(", ");
    return `${subject(facts)}: ${what}${facts["suppressed"] === true ? "; suppressed" : ""}`;
  },
  Q_MODULE_INTEGRATED: (facts) =>
    `${subject(facts)} is in the registry${facts["init_created"] === true ? ", __init__.py created" : ""}`,
  Q_INTEGRATION_FAILED: (facts) =>
    `${fact(facts, "capability_key")}: ${fact(facts, "reason")}${suffix(facts, "error")}`,
  Q_MODULE_DISCOVERED: (facts) =>
    `${subject(facts)}: new in the registry, ${plural(facts["py_files_count"], "Python file")}`,
  Q_HEALTH_ALERT: describeAlert,
  Q_INVESTIGATION_TIMEOUT: (facts) =>
    `${subject(facts)}: no answer within ${fact(facts, "timeout_seconds")} s: ${fact(facts, "suggested_action")}`,
  Q_LOOP_DETECTED: (facts) =>
    `cut by the rule ${fact(facts, "rule")}: ${factList(facts, "path").join(" → ")}`,
  Q_RUN_SCANNER: (facts) => {
    const by = fact(facts, "triggered_by");
    return `${fact(facts, "scanner")}${by === "" ? "" : `, for ${by}`}`;
  },
  Q_INTEGRATION_FIX: describeFix,
  Q_SPICA_SPAWN: describeFix,
  Q_POLICY_DUE: (facts) =>
    fact(facts, "rule") === "*"
      ? "all rules are looked at"
      : `rule ${fact(facts, "rule")} is looked at again`,
  Q_PHASE_WINDOW_OPEN: (facts) =>
    facts["phase_done_today"] === false ? "PHASE did not run today" : "PHASE ran today",
  Q_PHASE_TRIGGER: (facts) => fact(facts, "reason"),
  Q_PHASE_COMPLETE: (facts) => (facts["success"] === true ? "it succeeded" : "it failed"),
  Q_WORKFLOW_SUGGESTED: (facts) => `${fact(facts, "workflow")}: ${fact(facts, "reason")}`,
  ...DREAM_DESCRIPTIONS,
};

function describeFix(facts: Facts): string {
  const question = fact(facts, "question") || fact(facts, "hypothesis");
  return `${subject(facts)}${question === "" ? "" : `: “${shorten(question, 110)}”`}`;
}

function describeAlert(facts: Facts): string {
  const state = fact(facts, "state");
  const what = fact(facts, "alert_type");
  if (state === "cleared") return `${what} is over${alertValue(facts)}`;
  const changed = state === "changed" ? " changed" : "";
  return `${fact(facts, "severity")} ${what}${changed}${alertValue(facts)}: ${fact(facts, "recommended_action")}`;
}

/** ` (87.5 %, threshold 85 %)`. */
export function alertValue(facts: Facts): string {
  const { metric_value: value, threshold, details } = facts;
  if (typeof value !== "number") return "";
  const unit = isFacts(details) ? suffixed(fact(details, "unit")) : "";
  const against = typeof threshold === "number" ? `, threshold ${threshold}${unit}` : "";
  return ` (${Number(value.toPrecision(4))}${unit}${against})`;
}

function suffixed(unit: string): string {
  return unit === "" ? "" : ` ${unit}`;
}

function describeInvestigation(facts: Facts): string {
  if (facts["status"] !== "completed") return `${subject(facts)}: failed${suffix(facts, "error")}`;
  const { summary } = facts;
  if (!isFacts(summary)) return `${subject(facts)}: ${fact(facts, "method")}`;
  const parts = [
    plural(summary["files_analyzed"], "file"),
    plural(summary["total_lines"], "line"),
    plural(factList(summary, "classes").length, "class", "classes"),
    plural(factList(summary, "functions").length, "function"),
    plural(factList(summary, "docstrings").length, "docstring"),
  ];
  return `${subject(facts)}: ${parts.filter((part) => part !== "").join(", ")}`;
}

function describeUnknown(facts: Facts): string {
  return JSON.stringify(facts);
}

function subject(facts: Facts): string {
  return fact(facts, "module_name") || fact(facts, "question_id") || fact(facts, "capability_key");
}

export function shorten(said: string, max: number): string {
  return said.length <= max ? said : `${said.slice(0, max - 1)}…`;
}

/** Facts come from outside: nothing in them may steer a terminal. */
export function printable(said: string): string {
  return said.replaceAll(/\s+/g, " ").replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "�");
}
