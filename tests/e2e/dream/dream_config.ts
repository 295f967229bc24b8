/** Settings of the services under test: quick to notice what a test does. */

export interface DreamSettings {
  /**
   * Of the rule that starts D-REAM. Default 60 s: nothing is tried again within a test. One of a second lets failed cycles
   * come again.
   */
  readonly cooldown?: string;
  /** What a cycle may take, s. */
  readonly limitS?: number;
  readonly autonomyLevel?: number;
  /** Program and arguments that say whether the system works with new values. */
  readonly validation?: readonly string[];
  /** Program and arguments that make new values take effect. */
  readonly reload?: readonly string[];
  /** Instead of the built-in runner. */
  readonly command?: readonly string[];
}

export const DREAM_CONFIG: Required<DreamSettings> = {
  cooldown: "60s",
  limitS: 60,
  autonomyLevel: 2,
  validation: [],
  reload: [],
  command: [],
};

/** Text of `kloros.toml`. */
export function homeConfig(settings: Required<DreamSettings>): string {
  const { limitS, autonomyLevel, validation, reload, command } = settings;
  return `
[chemical-bus]
liveEndpoints = []
[orchestrator-monitor]
promotions.intervalMs = 1000
[dream-consumer]
timeLimitS = ${String(limitS)}
graceS = 0.5
niceness = 0
command = ${JSON.stringify(command)}
[winner-deployer]
autonomyLevel = ${String(autonomyLevel)}
allow = [{ key = "KLR_TEST_LEVEL", type = "integer", min = 1, max = 1000 }]
reloadCommand = ${JSON.stringify(reload)}
validationCommand = ${JSON.stringify(validation)}
`;
}
