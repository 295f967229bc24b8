/** One line for `systemctl status`. Pure. */
import type { Moment } from "../deciding/moment.ts";
import type { EngineState } from "../deciding/state.ts";
import type { RulesKeeper } from "../rules/rules_keeper.ts";

export function statusLine(
  { inForce, trouble }: Pick<RulesKeeper, "inForce" | "trouble">,
  state?: EngineState,
  now?: Moment,
): string {
  const on = inForce.rules.filter(({ enabled }) => enabled).length;
  const off = inForce.rules.length - on;
  const parts = [
    `${String(on)} ${on === 1 ? "rule" : "rules"} in force${off === 0 ? "" : `, ${String(off)} off`}`,
  ];
  for (const [name, rule] of Object.entries(state?.rules ?? {})) {
    if (now === undefined || !inForce.rules.some((one) => one.name === name)) continue;
    if (rule.running !== undefined) parts.push(`${name} runs since ${clock(rule.running.sinceWallMs)}`);
    else if (rule.lastFired !== undefined) parts.push(`${name} fired at ${clock(rule.lastFired.wallMs)}`);
  }
  if (trouble !== undefined) parts.push("policies.yaml is refused");
  return parts.join("; ");
}

/** UTC, to the second. */
function clock(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")}Z`;
}
