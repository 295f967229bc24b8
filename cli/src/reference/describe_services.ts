import { describeManifest, type ServiceDescription } from "@kloros/daemon";
import { loadService } from "../multicall/load_service.ts";
import type { ServiceName } from "../multicall/service_names.ts";

/** In the order of the names. */
export function describeServices(names: readonly ServiceName[]): Promise<readonly ServiceDescription[]> {
  return Promise.all(names.map(async (name) => describeManifest((await loadService(name)).manifest)));
}
