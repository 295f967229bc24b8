/** The operator: looks, and deals with dead letters. What he is not answered he does not know. */
import type { Bus } from "@kloros/bus-client";
import type { Program, SimulatedProcess } from "../machine/process.ts";
import { guest } from "./roles.ts";
import { sleep } from "./working.ts";

export interface OperatingOptions {
  /** Things that he does before he goes home. */
  readonly deeds: number;
  readonly count: (what: string, by?: number) => void;
  /** Whether the guest has left for good. */
  readonly guestLeft: () => boolean;
  readonly onDone: () => void;
}

const PAUSE_MS = { from: 300, to: 4000 } as const;

export function operating(options: OperatingOptions): Program {
  let deeds = 0;
  return async (process) => {
    const bus = process.connect("operator");
    while (deeds < options.deeds || !options.guestLeft()) {
      await sleep(
        process,
        PAUSE_MS.from + Math.floor(process.ambient.random() * (PAUSE_MS.to - PAUSE_MS.from)),
      );
      deeds++;
      try {
        await act(bus, process, options);
      } catch (error) {
        options.count("operator.failed");
        process.note(`in vain: ${String(error)}`);
      }
    }
    options.onDone();
    await bus.close();
  };
}

async function act(bus: Bus, process: SimulatedProcess, options: OperatingOptions): Promise<void> {
  const draw = Math.floor(process.ambient.random() * 10);
  if (draw < 5) return letters(bus, process, options);
  if (draw === 5) {
    await bus.admin("status", {});
    return;
  }
  if (draw === 6) {
    await bus.read({ limit: 20, order: "newest" });
    return;
  }
  if (draw === 7) {
    const id = `rejected ${String(Math.floor(process.ambient.random() * 5))}`;
    await bus.admin("rejectContent", {
      id,
      error: "no JSON",
      content: "{",
      fields: { intent_file: "x.json" },
    });
    return;
  }
  if (!options.guestLeft()) return;
  const { dropped } = await bus.admin("removeConsumer", { name: guest.name, force: true });
  options.count("operator.removed");
  if (dropped > 0) options.count("transition.consumer removed: dropped", dropped);
}

async function letters(bus: Bus, process: SimulatedProcess, { count }: OperatingOptions): Promise<void> {
  const found = await bus.admin("deadLetters", { limit: 50 });
  const some = found.filter(() => process.ambient.random() < 0.4);
  for (const { n, reason } of some) {
    if (reason === "reported" || process.ambient.random() < 0.3) {
      const { dropped } = await bus.admin("dropDeadLetter", { n });
      if (dropped) count("transition.letter dropped");
    } else {
      const { retried } = await bus.admin("retryDeadLetter", { n });
      if (retried) count("transition.letter retried");
    }
  }
}
