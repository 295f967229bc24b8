/** One run again: its faults, its record, what broke. */
import { describeFault, type Fault } from "../faults/fault.ts";
import type { RunResult } from "../checks/watched_bus.ts";
import { faultsOf, oneSeed } from "./one_seed.ts";
import { UsageError, type World } from "./options.ts";
import { shorten } from "./shorten.ts";

export interface ReplayOptions {
  readonly seed: number;
  readonly faults: readonly number[] | undefined;
  readonly shorten: boolean;
  readonly world: World;
  readonly json: boolean;
}

/** True: nothing broke. Throws `UsageError` for a number that is none of its faults. */
export async function replay(options: ReplayOptions, say: (text: string) => void): Promise<boolean> {
  const { seed, world } = options;
  const all = faultsOf(seed, world);
  const faults = options.faults?.map((n) => faultOf(all, n)) ?? all;
  if (options.shorten) return shortest(options, all, faults, say);
  if (!options.json)
    for (const fault of faults) say(`fault ${String(all.indexOf(fault))}  ${describeFault(fault)}`);
  const onTrace = options.json ? undefined : say;
  const result = await oneSeed({ seed, faults, onTrace }, world);
  if (options.json) say(JSON.stringify(result, null, 2));
  else tell(result, say);
  return result.flaws.length === 0;
}

async function shortest(
  { seed, world }: ReplayOptions,
  all: readonly Fault[],
  faults: readonly Fault[],
  say: (text: string) => void,
): Promise<boolean> {
  const { flaws } = await oneSeed({ seed, faults }, world);
  if (flaws.length === 0) {
    say(`nothing breaks with seed ${String(seed)}`);
    return true;
  }
  const few = await shorten(seed, faults, world);
  for (const fault of few) say(`fault ${String(all.indexOf(fault))}  ${describeFault(fault)}`);
  const numbers = few.map((fault) => all.indexOf(fault)).join(",");
  say(
    `${String(few.length)} of ${String(faults.length)} faults still break it: ./scripts/sim${world === "house" ? " --house" : ""} --replay ${String(seed)} --faults ${numbers === "" ? '""' : numbers}`,
  );
  return false;
}

function faultOf(all: readonly Fault[], n: number): Fault {
  const fault = all[n];
  if (fault === undefined)
    throw new UsageError(`--faults ${String(n)}: this run has faults 0 to ${String(all.length - 1)}`);
  return fault;
}

function tell({ flaws, hash, events, simulatedMs }: RunResult, say: (text: string) => void): void {
  say(`${String(events)} events in ${(simulatedMs / 1000).toFixed(1)} simulated seconds, record ${hash}`);
  if (flaws.length === 0) say("nothing broke");
  for (const flaw of flaws) say(`BROKEN: ${flaw}`);
}
