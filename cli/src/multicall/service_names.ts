/** The services that this program contains. Names alone: to know them must cost nothing. */
export const SERVICE_NAMES = [
  "chemical-bus",
  "intent-router",
  "curiosity-core",
  "investigation-consumer",
  "semantic-dedup",
  "capability-integrator",
  "orchestrator-monitor",
  "policy-engine",
  "dream-consumer",
  "winner-deployer",
] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];

export function isServiceName(name: string): name is ServiceName {
  return (SERVICE_NAMES as readonly string[]).includes(name);
}
