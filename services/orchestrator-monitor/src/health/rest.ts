/** Who rests by somebody's wish: paused services, or all of them during maintenance. Resting is not silence. */
import { listPauses, readMaintenance, type Installation } from "@kloros/daemon";

export interface Rest {
  maintenance(): boolean;
  paused(service: string): boolean;
}

export function restOf(paths: Installation): Rest {
  return {
    maintenance: () => readMaintenance(paths) !== undefined,
    paused: (service) => listPauses(paths).some(({ name }) => name === service),
  };
}
