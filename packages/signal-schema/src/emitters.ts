/**
 * Who speaks on the bus, with the names that the original daemons used for themselves (DESIGN 3.2).
 * An alias belongs to one service only; a test guards it.
 */
import type { Emitter } from "./definition.ts";

const emitter = (service: string, ...aliases: string[]): Emitter => Object.freeze({ service, aliases });

export const chemicalBus = emitter("chemical-bus", "chemical_bus");
export const intentRouter = emitter("intent-router", "intent_router");
export const curiosityCore = emitter("curiosity-core", "curiosity_core");
export const investigationConsumer = emitter(
  "investigation-consumer",
  "investigation_consumer_daemon",
  "investigation_consumer",
);
export const semanticDedup = emitter(
  "semantic-dedup",
  "semantic_dedup_consumer_daemon",
  "semantic_dedup_consumer",
  "semantic_dedup",
);
export const capabilityIntegrator = emitter(
  "capability-integrator",
  "capability_integrator_daemon",
  "capability_integrator",
);
export const orchestratorMonitor = emitter("orchestrator-monitor", "orchestrator_monitor");
export const policyEngine = emitter("policy-engine", "kloros_policy_engine", "kloros_policy");
export const dreamConsumer = emitter("dream-consumer", "dream_consumer_daemon", "dream_consumer");
export const winnerDeployer = emitter("winner-deployer", "winner_deployer_daemon", "winner_deployer");
/** The person at the machine, speaking through `kloros publish`. */
export const operator = emitter("operator");

export const emitters: readonly Emitter[] = [
  chemicalBus,
  intentRouter,
  curiosityCore,
  investigationConsumer,
  semanticDedup,
  capabilityIntegrator,
  orchestratorMonitor,
  policyEngine,
  dreamConsumer,
  winnerDeployer,
  operator,
];

/** What a service called itself in the original system (its first alias), for files that existing tools read. */
export function legacyName(service: string): string {
  return emitters.find((known) => known.service === service)?.aliases[0] ?? service;
}
