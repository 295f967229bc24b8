/** What can be paused here, and what is. */
import { listPauses, rulePauseName, type Installation, type Pause } from "@kloros/daemon";
import { SERVICE_NAMES } from "../multicall/service_names.ts";
import { ruleNames } from "../policy/rule_names.ts";
import type { Known, PauseTarget } from "./pause_target.ts";

const BUS = "chemical-bus";
const RULE_PREFIX = rulePauseName("");

/** Services of this program but the bus; rules of the policies in force; and whatever is paused already, so that it can be resumed. */
export async function knownTargets(paths: Installation): Promise<Known> {
  const paused = listPauses(paths).map(targetOf);
  const named = (kind: PauseTarget["kind"]): readonly string[] =>
    paused.filter((one) => one.kind === kind).map(({ name }) => name);
  return {
    services: unique([...SERVICE_NAMES.filter((name) => name !== BUS), ...named("service")]),
    rules: unique([...(await ruleNames(paths)), ...named("rule")]),
  };
}

export function targetOf({ name }: Pick<Pause, "name">): PauseTarget {
  return name.startsWith(RULE_PREFIX)
    ? { kind: "rule", name: name.slice(RULE_PREFIX.length) }
    : { kind: "service", name };
}

/** The name under which it is paused. */
export function pauseNameOf({ kind, name }: PauseTarget): string {
  return kind === "rule" ? rulePauseName(name) : name;
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
