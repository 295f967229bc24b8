import type { Bus } from "@kloros/bus-client";

/** In place of a bus for the bus itself: whoever touches it learns why. */
export function noBus(service: string): Bus {
  const explain = (name: string | symbol): never => {
    throw new Error(
      `${service} is the bus itself; context.bus.${String(name)} and what builds on it do not exist there`,
    );
  };
  return new Proxy({} as Bus, { get: (_target, name) => explain(name) });
}
