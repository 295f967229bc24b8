/** Which transitions of the journal a run took, from what its rows and counters say at the end. */
import type { SimBus } from "../bus/sim_bus.ts";

const BY_STATE: Readonly<Record<number, string>> = {
  2: "commit: done",
  3: "publish: superseded",
  5: "dropped",
};
const DEADLINES: Readonly<Record<number, string>> = {
  0: "deadline: armed",
  1: "deadline: running",
  2: "deadline: answered",
  3: "deadline: fired",
  4: "deadline: withdrawn",
};

export function takeTransitions(bus: SimBus): void {
  const { journal, machine } = bus;
  bus.countTransitions();
  const add = (what: string, n: number): void => {
    if (n > 0) machine.count(`transition.${what}`, n);
  };
  const rows = journal.handle.query<{ what: number; n: number }, []>(
    "SELECT state AS what, count(*) AS n FROM delivery GROUP BY state",
  );
  for (const { what, n } of rows.all()) {
    const name = BY_STATE[what];
    if (name !== undefined) add(name, n);
  }
  const letters = journal.handle.query<{ what: string; n: number }, []>(
    "SELECT reason AS what, count(*) AS n FROM deadletter GROUP BY reason",
  );
  for (const { what, n } of letters.all()) add(`dead: ${what}`, n);
  const deadlines = journal.handle.query<{ what: number; n: number; late: number }, []>(
    "SELECT state AS what, count(*) AS n, count(late_ms) AS late FROM deadline GROUP BY state",
  );
  for (const { what, n, late } of deadlines.all()) {
    add(DEADLINES[what] ?? String(what), n);
    add("deadline: late", late);
  }
}
