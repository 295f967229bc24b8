/** What the signals of D-REAM say, in one line for people. Pure. */
import { fact, factList, isFacts, plural, suffix, type Describe, type Facts } from "./fact_text.ts";

/** So many names are shown of a longer list. */
const NAMES_MAX = 3;

export const DREAM_DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  Q_PROMOTIONS_DETECTED: (facts) => {
    const names = factList(facts, "promotion_files");
    const waiting = plural(facts["unacknowledged_count"], "promotion");
    return `${waiting} waiting${names.length === 0 ? "" : `: ${some(names)}`}`;
  },
  Q_DREAM_TRIGGER: (facts) => {
    const rule = fact(facts, "rule");
    const promotions = factList(facts, "promotion_ids").map(withoutHash);
    const about = promotions.length === 0 ? "" : ` for ${some(promotions)}`;
    return `${rule === "" ? "a cycle" : `rule ${rule}`}${about}: ${fact(facts, "reason")}`;
  },
  Q_DREAM_PROGRESS: describeProgress,
  Q_DREAM_COMPLETE: describeCycle,
  Q_DREAM_TIMEOUT: (facts) =>
    `not completed within ${fact(facts, "timeout_seconds")} s: ${fact(facts, "suggested_action")}`,
  Q_WINNER_DEPLOYED: (facts) =>
    winners(facts, (winner) => `sets ${factList(winner, "keys").join(", ")}`) ||
    `${plural(facts["winners_deployed"], "winner")} of ${fact(facts, "dream_cycle_id")}`,
  Q_DEPLOYMENT_FAILED: (facts) => {
    const each = winners(facts, (winner) => {
      const back = winner["rolled_back"] === true ? "; taken back" : "";
      return `${fact(winner, "reason")}${back}`;
    });
    return each === "" ? `not deployed${suffix(facts, "error")}` : each;
  },
  Q_DEPLOYMENT_COMPLETE: describeDeployment,
  Q_WINNER_DECISION: (facts) =>
    `${fact(facts, "decision")} ${fact(facts, "experiment")} ${fact(facts, "hash")}${suffix(facts, "reason")}`,
  Q_WINNER_DECIDED: (facts) =>
    `${fact(facts, "decision")} ${fact(facts, "experiment")} ${fact(facts, "hash")}: ${fact(facts, "outcome")}, ${fact(facts, "reason")}`,
};

function describeProgress(facts: Facts): string {
  const { generation, candidates, candidates_max: max, failed, best_fitness: best } = facts;
  const parts = [
    fact(facts, "experiment"),
    typeof generation === "number" ? `generation ${String(generation)}` : "",
    typeof candidates === "number"
      ? `${String(candidates)}${typeof max === "number" ? ` of ${String(max)}` : ""} candidates`
      : "",
    typeof failed === "number" && failed > 0 ? `${String(failed)} failed` : "",
    typeof best === "number" ? `best ${best.toPrecision(4)}` : "",
    `${Math.round(Number(facts["elapsed_s"] ?? 0)).toString()} s`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function describeCycle(facts: Facts): string {
  const outcome = fact(facts, "outcome");
  if (outcome === "coalesced") return "answered by the cycle that runs or comes next";
  if (facts["success"] !== true) return `${outcome === "" ? "failed" : outcome}${suffix(facts, "error")}`;
  const won = winners(facts, ({ params }) =>
    isFacts(params)
      ? Object.entries(params)
          .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
          .join(" ")
      : "",
  );
  return won === "" ? "nothing new" : `${won} won`;
}

function describeDeployment(facts: Facts): string {
  const counts = (["deployed", "held", "skipped", "failed"] as const)
    .filter((name) => Number(facts[name] ?? 0) > 0)
    .map((name) => `${String(facts[name])} ${name === "held" ? "held for approval" : name}`);
  const ended = factList(facts, "promotion_ids").map(withoutHash);
  const about = ended.length === 0 ? "" : ` for ${some(ended)}`;
  return `${counts.length === 0 ? "nothing to deploy" : counts.join(", ")}${about}`;
}

function winners(facts: Facts, describe: (winner: Facts) => string): string {
  const { winners: all } = facts;
  if (!Array.isArray(all)) return "";
  return all
    .filter(isFacts)
    .map((winner) => `${fact(winner, "experiment")} ${describe(winner)}`.trim())
    .join("; ");
}

function some(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return `${names.slice(0, NAMES_MAX).join(", ")}${more > 0 ? ` and ${String(more)} more` : ""}`;
}

/** `tts@0123456789ab` is `tts`: the hash of its content matters to programs. */
function withoutHash(id: string): string {
  return id.replace(/@[0-9a-f]{12}$/, "");
}
