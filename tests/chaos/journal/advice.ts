/** An operator who does what the bus says: starts it, and if it is refused, gives the command that it names, word for word. */
import { until } from "@kloros/bus-client/testing";
import { kloros } from "../house/kloros.ts";
import type { WholeHouse } from "../house/whole_house.ts";

export interface Followed {
  /** Commands that were recommended, and given. */
  readonly commands: readonly string[];
  /** Numbers of signals that were named as lost. */
  readonly lost: ReadonlySet<number>;
  /** All that was said. */
  readonly words: string;
}

const STARTS_MAX = 3;
const START_MS = 60_000;

/** Throws when a start is refused without saying what to do, or when that does not help. */
export async function startAsAdvised(house: WholeHouse): Promise<Followed> {
  const commands: string[] = [];
  let words = "";
  for (let start = 0; start < STARTS_MAX; start++) {
    const refusal = await refusalOf(house);
    if (refusal === undefined) return { commands, words, lost: numbersIn(words) };
    const command = /`kloros ([^`]+)`/.exec(refusal)?.[1];
    if (command === undefined) throw new Error(`a start was refused and no command was named: ${refusal}`);
    const { code, out, err } = await kloros(house.paths, ...command.split(" "));
    if (code !== 0)
      throw new Error(`kloros ${command} ended with ${String(code)}: ${out}${err}, after: ${refusal}`);
    commands.push(command);
    words += out;
  }
  throw new Error(`the bus is refused after ${commands.join(", ")}: ${words}`);
}

/** Undefined: it is ready. */
async function refusalOf(house: WholeHouse): Promise<string | undefined> {
  const bus = house.daemon("chemical-bus");
  const { heard } = bus;
  bus.start();
  await until(
    "the bus to be ready or to end",
    async () => !bus.running || (await bus.readiness())?.ok === true,
    {
      limitMs: START_MS,
    },
  );
  if (bus.running) return undefined;
  await bus.exited();
  return bus.lastWords(bus.heard - heard);
}

/** `lost: signal 12 …` */
function numbersIn(words: string): ReadonlySet<number> {
  return new Set([...words.matchAll(/^lost: signal (\d+)/gm)].map(([, seq]) => Number(seq)));
}
