/** `kloros dlq list` and `show`. */
import type { Bus } from "@kloros/bus-client";
import { withBus } from "../bus_access.ts";
import { briefDeadLetters, newestDeadLetters, oneDeadLetter } from "../history/dead_letters.ts";
import type { Session } from "../session.ts";
import { number } from "../view/amounts.ts";
import { type LetterGroup, LetterGroups } from "./group_letters.ts";
import { type FilterFlags, filterOf } from "./letter_filter.ts";
import { groupLines, letterLines, letterNumber, listLines, noSuchLetter } from "./letter_text.ts";

export interface ListFlags extends FilterFlags {
  readonly lines: number;
  readonly all?: boolean;
  readonly group?: boolean;
}

const NONE = "no dead letters";

export async function listLetters(session: Session<ListFlags>): Promise<undefined> {
  const { lines: count, all, group } = session.flags;
  const request = { ...filterOf(session.flags), includeRetried: all === true };
  if (group === true) {
    const groups = await withBus(session, (bus) => groupsOf(bus, request));
    if (session.json) await session.printJson(groups);
    else if (groups.length === 0) session.say(NONE);
    else await session.print(...groupLines(session, groups));
    return undefined;
  }
  const { letters, total } = await withBus(session, (bus) =>
    newestDeadLetters(bus, { ...request, count, whole: session.json }),
  );
  if (session.json) await session.printJson(letters);
  else if (letters.length === 0) session.say(NONE);
  else await session.print(...listLines(session, letters));
  if (total > letters.length)
    session.say(`${number(total - letters.length)} older ones: -n ${total} shows them, --group sums them up`);
  return undefined;
}

async function groupsOf(
  bus: Bus,
  request: Parameters<typeof briefDeadLetters>[1],
): Promise<readonly LetterGroup[]> {
  const groups = new LetterGroups();
  for await (const letter of briefDeadLetters(bus, request)) groups.add(letter);
  return groups.list();
}

export async function showLetter(session: Session, [text = ""]: readonly string[]): Promise<undefined> {
  const n = letterNumber(text);
  const letter = await withBus(session, (bus) => oneDeadLetter(bus, n));
  if (letter === undefined) throw noSuchLetter(n);
  if (session.json) await session.printJson(letter);
  else await session.print(...letterLines(session, letter));
  return undefined;
}
