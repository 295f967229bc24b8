import type { SimBus } from "../bus/sim_bus.ts";
import type { Fault } from "./fault.ts";
import { describeFault } from "./fault.ts";

/** Lets each happen at its time, and what stands still go on. */
export function planFaults(bus: SimBus, faults: readonly Fault[]): void {
  const { machine } = bus;
  for (const fault of faults) {
    machine.after(fault.atMs * 1000, undefined, () => {
      machine.trace("fault", describeFault(fault));
      if (happens(bus, fault)) machine.count(`fault.${fault.kind}`);
    });
  }
}

/** False: there was nothing to do it to. */
function happens(bus: SimBus, fault: Fault): boolean {
  const { machine } = bus;
  switch (fault.kind) {
    case "kill":
      if (machine.process(fault.who) === undefined) return false;
      machine.kill(fault.who);
      return true;
    case "end":
      if (machine.process(fault.who)?.state !== "running") return false;
      machine.terminate(fault.who);
      return true;
    case "stop": {
      const process = machine.process(fault.who);
      if (process?.state !== "running") return false;
      machine.stop(fault.who);
      machine.after(fault.ms * 1000, undefined, () => {
        if (machine.process(fault.who) === process) machine.continue(fault.who);
      });
      return true;
    }
    case "cut": {
      const process = machine.process(fault.who);
      return process !== undefined && machine.network.cut(process);
    }
    case "crash in commit":
      bus.crashInNextCommit(fault.point);
      return true;
    case "misbehave":
      machine.network.misbehave(fault.harms, fault.rate, fault.ms);
      return true;
    case "clock":
      machine.stepWall(fault.byMs);
      return true;
    case "reboot":
      machine.reboot();
      return true;
    case "full disk":
      bus.fillDisk(fault.ms);
  }
  return true;
}
