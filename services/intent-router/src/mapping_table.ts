/**
 * Which signal an intent type becomes. Data, so that a new type needs a line of configuration and no code.
 *
 * Invariants: an exact type wins over a prefix, a longer prefix over a shorter one; the configuration's entries are
 * laid over the built-in ones.
 */

export const TARGETS = [
  "Q_CURIOSITY_INVESTIGATE",
  "Q_INTEGRATION_FIX",
  "Q_SPICA_SPAWN",
  "Q_RUN_SCANNER",
  "Q_HEALTH_ALERT",
  "Q_WORKFLOW_SUGGESTED",
  "reject",
] as const;
export type Target = (typeof TARGETS)[number];

export type MappingTable = Readonly<Record<string, Target>>;

/** Types seen in existing installations. `*` at the end matches by prefix. */
export const BUILT_IN_TYPES: MappingTable = {
  "discover.module": "Q_CURIOSITY_INVESTIGATE",
  "discover.module.*": "Q_CURIOSITY_INVESTIGATE",
  reinvestigate: "Q_CURIOSITY_INVESTIGATE",
  curiosity_investigate: "Q_CURIOSITY_INVESTIGATE",
  curiosity_propose_fix: "Q_CURIOSITY_INVESTIGATE",
  curiosity_find_substitute: "Q_CURIOSITY_INVESTIGATE",
  curiosity_explore: "Q_CURIOSITY_INVESTIGATE",
  integration_fix: "Q_INTEGRATION_FIX",
  spica_spawn_request: "Q_SPICA_SPAWN",
  run_scanner: "Q_RUN_SCANNER",
  "alert_*": "Q_HEALTH_ALERT",
  "suggest_*": "Q_WORKFLOW_SUGGESTED",
  "trigger_*": "Q_WORKFLOW_SUGGESTED",
};

/** Priorities that the original writers give these types; used when a file names none. */
export const CUSTOMARY_PRIORITY: ReadonlyMap<string, number> = new Map([
  ["integration_fix", 9],
  ["alert_gpu_oom", 9],
  ["alert_vllm_oom_unbounded", 9],
  ["alert_heartbeat_stall", 8],
  ["spica_spawn_request", 8],
  ["trigger_dream", 7],
  ["trigger_phase_promotion_cluster", 7],
  ["suggest_phase_diagnostic", 6],
  ["suggest_phase_optimization", 6],
  ["suggest_lock_optimization", 5],
  ["suggest_dream_diagnostic", 5],
]);

export type FindTarget = (type: string) => Target | undefined;

/** Compiles the table once; the returned look-up is what each file costs. */
export function compileTable(configured: MappingTable): FindTarget {
  const exact = new Map<string, Target>();
  const prefixes: { readonly prefix: string; readonly target: Target }[] = [];
  for (const [pattern, target] of Object.entries({ ...BUILT_IN_TYPES, ...configured })) {
    if (pattern.endsWith("*")) prefixes.push({ prefix: pattern.slice(0, -1), target });
    else exact.set(pattern, target);
  }
  prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
  return (type) => exact.get(type) ?? prefixes.find(({ prefix }) => type.startsWith(prefix))?.target;
}
