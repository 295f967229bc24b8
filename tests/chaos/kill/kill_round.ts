/** One round: kill -9 of everything, alone and several at once, while both flows are under load; then the whole check. */
import { moreWork } from "../house/load.ts";
import { SERVICES, type ServiceName, WholeHouse } from "../house/whole_house.ts";
import { type Proof, prove } from "../house/proof.ts";
import { Supervisor } from "../house/supervisor.ts";
import { Witness } from "../house/witness.ts";
import { type Seed, seeded } from "../../e2e/house/seed.ts";
import { toWork } from "../../e2e/house/kill_rounds.ts";

export interface RoundResult extends Proof {
  readonly kills: Readonly<Record<string, number>>;
}

/** How long a service is waited for to have something to do. */
const AT_WORK_MS = 400;
/** How long the bus is waited for to take something. */
const HEARD_MS = 3000;

/** Kills until `kills` of them met a running process. `events`: what happened so far, for a failure's words. */
export async function killRoundOf(kills: number, chance: Seed, events: string[]): Promise<RoundResult> {
  const house = new WholeHouse({ seed: chance.seed });
  const witness = new Witness(house.paths, { pauseMs: 5 });
  try {
    house.start();
    const daemons = SERVICES.map((name) => house.daemon(name));
    // Choices of its own: when they are made is not the seed's.
    const away = seeded(chance.seed + 1);
    const supervisor = new Supervisor(daemons, {
      delayMs: () => (away.below(4) === 0 ? away.below(700) : 20),
    });
    await disturb({ house, witness, chance, events, kills });
    await supervisor.release();
    const proof = await prove(house, witness);
    return {
      ...proof,
      flaws: [...proof.flaws, ...supervisor.ownEnds],
      kills: Object.fromEntries(daemons.map(({ service, kills: count }) => [service, count])),
    };
  } finally {
    await witness.remove();
    await house.remove();
  }
}

interface Disturbance {
  readonly house: WholeHouse;
  readonly witness: Witness;
  readonly chance: Seed;
  readonly events: string[];
  readonly kills: number;
}

async function disturb({ house, witness, chance, events, kills }: Disturbance): Promise<void> {
  let done = 0;
  for (let step = 0; done < kills; step++) {
    for (const ask of moreWork(house, chance, step)) ask();
    const victims = chooseVictims(chance).slice(0, kills - done);
    const atWork = chance.below(3) > 0;
    const delayMs = chance.below(atWork ? 20 : 300);
    const [first] = victims;
    // Killed faster than they find each other, they would do nothing else.
    if (chance.below(2) === 0) await witness.hears(4, HEARD_MS).catch(() => undefined);
    if (atWork && first !== undefined) await toWork(house.daemon(first), AT_WORK_MS);
    await Bun.sleep(delayMs);
    const running = victims.map((name) => house.daemon(name)).filter((daemon) => daemon.running);
    if (running.length === 0) continue;
    await Promise.all(running.map((daemon) => daemon.kill()));
    done += running.length;
    events.push(running.map(({ service }) => service).join(" + "));
  }
}

/** One, mostly; the bus more often than others, since everything depends on it; sometimes several, or all at one moment. */
function chooseVictims(chance: Seed): readonly ServiceName[] {
  const kind = chance.below(20);
  if (kind === 0) return SERVICES;
  if (kind < 4) return [...new Set(Array.from({ length: 2 + chance.below(3) }, () => chance.pick(SERVICES)))];
  return [kind < 8 ? "chemical-bus" : chance.pick(SERVICES)];
}
