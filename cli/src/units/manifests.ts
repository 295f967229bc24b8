/** Every service's manifest. Loads all services: only for what writes units, never on the way of another command. */
import { service as capabilityIntegrator } from "@kloros/capability-integrator";
import { service as chemicalBus } from "@kloros/chemical-bus";
import { service as curiosityCore } from "@kloros/curiosity-core";
import type { Manifest, Service } from "@kloros/daemon";
import { service as dreamConsumer } from "@kloros/dream-consumer";
import { service as intentRouter } from "@kloros/intent-router";
import { service as investigationConsumer } from "@kloros/investigation-consumer";
import { service as orchestratorMonitor } from "@kloros/orchestrator-monitor";
import { service as policyEngine } from "@kloros/policy-engine";
import { service as semanticDedup } from "@kloros/semantic-dedup";
import { service as winnerDeployer } from "@kloros/winner-deployer";
import type { ServiceName } from "../multicall/service_names.ts";

/** What a unit is made from. */
export type UnitManifest = Pick<Manifest, "name" | "purpose" | "writes">;

export const MANIFESTS: Readonly<Record<ServiceName, UnitManifest>> = {
  "chemical-bus": of(chemicalBus),
  "intent-router": of(intentRouter),
  "curiosity-core": of(curiosityCore),
  "investigation-consumer": of(investigationConsumer),
  "semantic-dedup": of(semanticDedup),
  "capability-integrator": of(capabilityIntegrator),
  "orchestrator-monitor": of(orchestratorMonitor),
  "policy-engine": of(policyEngine),
  "dream-consumer": of(dreamConsumer),
  "winner-deployer": of(winnerDeployer),
};

function of({ manifest }: Pick<Service, "kind"> & { readonly manifest: UnitManifest }): UnitManifest {
  return manifest;
}
