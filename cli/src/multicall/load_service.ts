/** Each service is loaded only when it is wanted: one brings a Python parser, another the journal. */
import type { Service } from "@kloros/daemon";
import type { ServiceName } from "./service_names.ts";

const LOADERS: Readonly<Record<ServiceName, () => Promise<{ readonly service: Service }>>> = {
  "chemical-bus": () => import("@kloros/chemical-bus"),
  "intent-router": () => import("@kloros/intent-router"),
  "curiosity-core": () => import("@kloros/curiosity-core"),
  "investigation-consumer": () => import("@kloros/investigation-consumer"),
  "semantic-dedup": () => import("@kloros/semantic-dedup"),
  "capability-integrator": () => import("@kloros/capability-integrator"),
  "orchestrator-monitor": () => import("@kloros/orchestrator-monitor"),
  "policy-engine": () => import("@kloros/policy-engine"),
  "dream-consumer": () => import("@kloros/dream-consumer"),
  "winner-deployer": () => import("@kloros/winner-deployer"),
};

export async function loadService(name: ServiceName): Promise<Service> {
  const { service } = await LOADERS[name]();
  return service;
}
