/** What a signal says, in one line for people. Pure. */
import type { Envelope } from "@kloros/signal-schema";

type Facts = Readonly<Record<string, unknown>>;

const TEXT_MAX = 160;

export function describeFacts(signal: Pick<Envelope, "signal" | "facts">): string {
  const describe = DESCRIPTIONS[signal.signal] ?? describeUnknown;
  return shorten(printable(describe(signal.facts)), TEXT_MAX);
}

const DESCRIPTIONS: Readonly<Record<string, (facts: Facts) => string>> = {
  Q_INTENT_READY: (facts) =>
    `${text(facts, "file")} (${text(facts, "intent_type")}, ${text(facts, "priority")})`,
  Q_CURIOSITY_INVESTIGATE: (facts) =>
    `${subject(facts)}: “${shorten(text(facts, "question"), 90)}” (${text(facts, "priority")})`,
  Q_INVESTIGATION_COMPLETE: describeInvestigation,
  Q_EVIDENCE_UPDATED: (facts) => {
    const changed = list(facts, "changed");
    const what = changed.length === 0 ? "nothing new" : changed.join(", ");
    return `${subject(facts)}: ${what}${facts["suppressed"] === true ? "; suppressed" : ""}`;
  },
  Q_MODULE_INTEGRATED: (facts) =>
    `${subject(facts)} is in the registry${facts["init_created"] === true ? ", __init__.py created" : ""}`,
  Q_INTEGRATION_FAILED: (facts) =>
    `${text(facts, "capability_key")}: ${text(facts, "reason")}${suffix(facts, "error")}`,
  Q_MODULE_DISCOVERED: (facts) =>
    `${subject(facts)}: new in the registry, ${plural(facts["py_files_count"], "Python file")}`,
  Q_HEALTH_ALERT: (facts) =>
    `${text(facts, "severity")} ${text(facts, "alert_type")}: ${text(facts, "recommended_action")}`,
  Q_WORKFLOW_SUGGESTED: (facts) => `${text(facts, "workflow")}: ${text(facts, "reason")}`,
};

function describeInvestigation(facts: Facts): string {
  if (facts["status"] !== "completed") return `${subject(facts)}: failed${suffix(facts, "error")}`;
  const { summary } = facts;
  if (!isRecord(summary)) return `${subject(facts)}: ${text(facts, "method")}`;
  const parts = [
    plural(summary["files_analyzed"], "file"),
    plural(summary["total_lines"], "line"),
    plural(list(summary, "classes").length, "class", "classes"),
    plural(list(summary, "functions").length, "function"),
    plural(list(summary, "docstrings").length, "docstring"),
  ];
  return `${subject(facts)}: ${parts.filter((part) => part !== "").join(", ")}`;
}

function describeUnknown(facts: Facts): string {
  return JSON.stringify(facts);
}

function subject(facts: Facts): string {
  return text(facts, "module_name") || text(facts, "question_id") || text(facts, "capability_key");
}

function text(facts: Facts, name: string): string {
  const value = facts[name];
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : (JSON.stringify(value) ?? "");
}

function suffix(facts: Facts, name: string): string {
  const said = text(facts, name);
  return said === "" ? "" : ` (${said})`;
}

function list(facts: Facts, name: string): readonly string[] {
  const value = facts[name];
  return Array.isArray(value) ? value.map(String) : [];
}

function plural(count: unknown, one: string, many: string = `${one}s`): string {
  return typeof count === "number" ? `${count} ${count === 1 ? one : many}` : "";
}

function isRecord(value: unknown): value is Facts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function shorten(said: string, max: number): string {
  return said.length <= max ? said : `${said.slice(0, max - 1)}…`;
}

/** Facts come from outside: nothing in them may steer a terminal. */
export function printable(said: string): string {
  return said.replaceAll(/\s+/g, " ").replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "�");
}
