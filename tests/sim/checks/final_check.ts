/** When all faults are over and everything is settled: what was promised, and what is there. */
import { auditNow, unsealState } from "@kloros/journal/testing";
import { fateOf } from "../load/fate.ts";
import type { Promises } from "../load/promises.ts";
import { type Role, ROLES } from "../load/roles.ts";
import type { Scenario } from "../load/scenario.ts";
import type { SimBus } from "../bus/sim_bus.ts";
import { isStored } from "./wire_check.ts";

export interface DeliveryRow {
  readonly consumer: string;
  readonly seq: number;
  readonly id: string;
  readonly state: number;
  readonly body: string;
}

const DELIVERIES =
  "SELECT c.name AS consumer, d.seq, s.id, d.state, s.body FROM delivery d JOIN consumer c USING(cid) JOIN signal s USING(seq) WHERE c.removed_at IS NULL";
export const DONE = 2;

export function finalFlaws(bus: SimBus, promises: Promises, scenario: Scenario): string[] {
  const rows = deliveryRows(bus);
  return [
    ...brokenPromises(bus, promises),
    ...wrongSettlements(rows, promises, scenario),
    ...ROLES.flatMap((role) => wrongEffects(bus, role, rows, promises)),
    ...ROLES.flatMap((role) => wrongChildren(bus, role, rows, scenario)),
    ...ROLES.flatMap((role) => wrongStates(bus, role, rows, scenario)),
  ];
}

export function deliveryRows({ journal }: SimBus): readonly DeliveryRow[] {
  return journal.handle.query<DeliveryRow, []>(DELIVERIES).all();
}

/** Whatever was said and done. */
export function brokenPromises(bus: SimBus, promises: Promises): string[] {
  return [...auditFlaws(bus), ...lostPromises(bus, promises), ...openRequests(bus)];
}

function auditFlaws({ journal }: SimBus): string[] {
  const report = auditNow(journal.handle);
  if (report.ok) return [];
  return [
    ...report.differences,
    ...report.damaged.map(({ seq, what }) => `signal ${String(seq)}: ${what}`),
    "the audit is not clean",
  ];
}

/** Acknowledged means stored, under that number. */
function lostPromises(bus: SimBus, { acknowledged }: Promises): string[] {
  const find = bus.journal.handle.query<{ seq: number }, [string, string]>(
    "SELECT seq FROM signal WHERE id = ? UNION SELECT seq FROM idmemo WHERE id = ?",
  );
  return [...acknowledged.values()].flatMap(({ id, name, seq }) => {
    const found = find.get(id, id)?.seq;
    if (found === seq && isStored(bus, seq)) return [];
    return [
      `${name} ${id} was acknowledged as ${String(seq)}, and is ${found === undefined ? "not there" : String(found)}`,
    ];
  });
}

/** What a consumer was told is done stays done. */
function wrongSettlements(rows: readonly DeliveryRow[], promises: Promises, scenario: Scenario): string[] {
  const states = new Map(rows.map((row) => [`${row.consumer} ${String(row.seq)}`, row.state]));
  return [...promises.done].flatMap((key) => {
    const state = states.get(key);
    const purged = state === undefined && (scenario.retention !== undefined || key.includes("/"));
    return state === DONE || purged ? [] : [`${key} was confirmed as done and is in state ${String(state)}`];
  });
}

/** Each effect once: a line where it is done, at most one where it is not. */
function wrongEffects(
  bus: SimBus,
  { name, file }: Role,
  rows: readonly DeliveryRow[],
  { done }: Promises,
): string[] {
  if (file === undefined) return [];
  const lines = (bus.machine.disk.files.get(file) ?? "").split("\n");
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  const own = rows.filter(({ consumer }) => consumer === name);
  return [
    ...own.flatMap(({ id, seq, state }) => {
      const count = counts.get(id) ?? 0;
      const wanted = state === DONE || done.has(`${name} ${String(seq)}`);
      if (count > 1) return [`${file} has the effect of ${id} ${String(count)} times`];
      return wanted && count === 0 ? [`${id} is done by ${name}, and ${file} does not have it`] : [];
    }),
    ...[...counts].flatMap(([line, count]) =>
      count > 1 && line !== "" && line.length === 36 && !own.some(({ id }) => id === line)
        ? [`${file} has ${line} ${String(count)} times`]
        : [],
    ),
  ];
}

/** What a delivery leads to is there exactly when it is done. */
function wrongChildren(bus: SimBus, role: Role, rows: readonly DeliveryRow[], scenario: Scenario): string[] {
  const known = bus.journal.handle.query<{ n: number }, [string, string]>(
    "SELECT EXISTS(SELECT 1 FROM signal WHERE id = ?) OR EXISTS(SELECT 1 FROM idmemo WHERE id = ?) AS n",
  );
  return rows.flatMap(({ consumer, id, state, body }) => {
    if (consumer !== role.name) return [];
    const { emits } = fateOf(scenario.seed, consumer, id, scenario.odds);
    return role.children(JSON.parse(body) as never, 0).flatMap((child) => {
      const there = known.get(child.id, child.id)?.n === 1;
      const wanted = state === DONE && emits;
      return there === wanted
        ? []
        : [
            `${consumer} ${wanted ? "did" : "did not do"} ${id}, and ${child.signal} is ${there ? "" : "not "}there`,
          ];
    });
  });
}

/** The state holds what was done, each once. */
function wrongStates(bus: SimBus, role: Role, rows: readonly DeliveryRow[], scenario: Scenario): string[] {
  if (role.stateKey === undefined || scenario.retention !== undefined) return [];
  const states = bus.journal.handle
    .query<{ cid: number; key: string; value: string }, [string]>(
      "SELECT cid, key, value FROM state JOIN consumer USING(cid) WHERE name = ?",
    )
    .all(role.name)
    .map(
      ({ cid, key, value }) =>
        JSON.parse(unsealState(cid, key, value) ?? "{}") as { n: number; ids: string[] },
    );
  const ids = states.flatMap((state) => state.ids).sort();
  const done = rows
    .filter(({ consumer, state }) => consumer === role.name && state === DONE)
    .map(({ id }) => id)
    .sort();
  return JSON.stringify(ids) === JSON.stringify(done)
    ? []
    : [`the states of ${role.name} tell of ${String(ids.length)} signals, done are ${String(done.length)}`];
}

/** Every request ends: answered, timed out, or given up with its dead letter. */
function openRequests({ journal }: SimBus): string[] {
  return journal.handle
    .query<{ seq: number; state: number }, []>(
      "SELECT l.request_seq AS seq, l.state FROM deadline l WHERE l.state <= 1 AND NOT EXISTS " +
        "(SELECT 1 FROM deadletter d WHERE d.seq = l.request_seq)",
    )
    .all()
    .map(({ seq, state }) => `request ${String(seq)} has no end: its deadline is in state ${String(state)}`);
}
