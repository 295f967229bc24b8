/** What waits for services of ours, or is being worked on. */
import { messageOf } from "@kloros/daemon";
import { reachBus } from "../bus_access.ts";
import type { Place } from "../place.ts";
import { plural } from "../view/amounts.ts";
import type { Migrated } from "./phases.ts";

/** Undefined: nothing waits for any of them. */
export async function openWork(place: Place, services: readonly Migrated[]): Promise<string | undefined> {
  const answer = await reachBus(place);
  if (answer.kind === "away") return `the bus does not answer: ${answer.why}`;
  try {
    const consumers = await answer.bus.admin("consumers", {});
    const open = consumers
      .filter(({ name, open: count }) => count > 0 && services.some((one) => isOf(name, one)))
      .map(({ name, open: count }) => `${plural(count, "signal")} for ${name}`);
    return open.length === 0 ? undefined : `not done yet: ${open.join(", ")}`;
  } catch (error) {
    return `the bus does not answer: ${messageOf(error)}`;
  } finally {
    await answer.bus.close();
  }
}

/** A service has one consumer of its name, and may have others: `<service>/<purpose>`. */
function isOf(consumer: string, service: Migrated): boolean {
  return consumer === service || consumer.startsWith(`${service}/`);
}
