import type { ConsumerStatus } from "@kloros/journal";
import type { Session } from "../session.ts";
import { duration, number } from "./amounts.ts";
import { printable } from "./describe_facts.ts";
import { type Column, table } from "./table.ts";

export interface ConsumerTableOptions {
  /** All counts, and what each asks for; otherwise only what is open. */
  readonly counts: boolean;
}

const OPEN: readonly Column[] = [
  { title: "CONSUMER" },
  { title: "OPEN", align: "right" },
  { title: "LEASED", align: "right" },
  { title: "RETRY", align: "right" },
  { title: "OLDEST", align: "right" },
];
const COUNTS: readonly Column[] = [
  { title: "MATCHED", align: "right" },
  { title: "DONE", align: "right" },
  { title: "SUPERSEDED", align: "right" },
  { title: "DROPPED", align: "right" },
  { title: "DAMAGED", align: "right" },
];
const END: readonly Column[] = [{ title: "DEAD", align: "right" }, { title: "HOLDER" }];

/** An age from which on something probably stands still, ms. */
const OLD_MS = 60_000;

export function consumerTable(
  consumers: readonly ConsumerStatus[],
  session: Pick<Session, "palette" | "columns">,
  { counts }: ConsumerTableOptions,
): readonly string[] {
  const { palette } = session;
  const columns = [...OPEN, ...(counts ? COUNTS : []), ...END, ...(counts ? [{ title: "SIGNALS" }] : [])];
  const rows = consumers.map((one) => {
    const age = one.oldestAgeMs === null ? "" : duration(one.oldestAgeMs);
    const late = one.oldestAgeMs !== null && one.oldestAgeMs > OLD_MS;
    const tallies = [one.matched, one.done, one.superseded, one.dropped, one.damaged].map(number);
    return [
      palette.source(printable(one.name)),
      number(one.open),
      number(one.leased),
      number(one.waiting),
      late ? palette.warn(age) : age,
      ...(counts ? tallies : []),
      one.dead > 0 ? palette.bad(number(one.dead)) : "0",
      one.holderPid === null ? palette.warn("nobody") : `pid ${one.holderPid}`,
      ...(counts ? [one.signals.join(", ")] : []),
    ];
  });
  return table(columns, rows, session);
}
