/** From what a person types to the signal that is meant. */
import type { StoredSignal } from "@kloros/journal";
import { Failure } from "../exit_codes.ts";
import type { Reading } from "./read_on.ts";

const WHOLE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const PART = /^[0-9a-f-]{4,36}$/;
/** A number as `tail` shows it. An id begins with a 0, being made from the time. */
const NUMBER = /^#?[1-9]\d{0,14}$/;

const PAGE = 1000;
/** Parts of ids are looked for among so many of the newest. */
const LOOKED_AT_MAX = 20_000;
const SHOWN_MAX = 10;

/** Fails with `usage` when it can mean no signal at all. Needs no bus. */
export function checkSignalText(text: string): string {
  const typed = text.trim().toLowerCase();
  if (NUMBER.test(typed) || PART.test(typed)) return typed;
  throw new Failure(
    "usage",
    `"${text}" is no id: give one as \`kloros tail\` shows it, at least 4 characters of its beginning or end, or a number`,
  );
}

/** An id, the beginning or the end of one, or a number. Fails with `usage` or `negative` and what to do. */
export async function findSignalBy(bus: Reading, text: string): Promise<StoredSignal> {
  const typed = checkSignalText(text);
  if (NUMBER.test(typed)) {
    const numbered = await byNumber(bus, Number(typed.replace("#", "")));
    if (numbered !== undefined) return numbered;
    // The end of an id may be all digits; a number that no signal has was meant as one.
    if (PART.test(typed)) return byPart(bus, typed, `there is no signal number ${typed}, and `);
    throw new Failure("negative", `there is no signal number ${typed.replace("#", "")} in the journal`);
  }
  return WHOLE.test(typed) ? byId(bus, typed) : byPart(bus, typed);
}

async function byNumber(bus: Reading, seq: number): Promise<StoredSignal | undefined> {
  const [item] = (await bus.read({ afterSeq: seq - 1, limit: 1, order: "oldest" })).items;
  return item?.seq === seq ? item : undefined;
}

async function byId(bus: Reading, id: string): Promise<StoredSignal> {
  const [item] = (await bus.read({ id, limit: 1 })).items;
  if (item !== undefined) return item;
  throw new Failure("negative", `there is no signal ${id} in the journal`);
}

async function byPart(bus: Reading, part: string, otherwise = ""): Promise<StoredSignal> {
  const found: StoredSignal[] = [];
  let beforeSeq = Number.MAX_SAFE_INTEGER;
  let lookedAt = 0;
  while (lookedAt < LOOKED_AT_MAX) {
    const page = await bus.read({ order: "newest", beforeSeq, limit: PAGE });
    found.push(...page.items.filter(({ envelope: { id } }) => id.startsWith(part) || id.endsWith(part)));
    lookedAt += page.items.length;
    if (page.next === null || page.items.length === 0) break;
    beforeSeq = page.next;
  }
  const [first, second] = found;
  if (first === undefined) {
    throw new Failure(
      "negative",
      `${otherwise}none of the newest ${lookedAt} signals has an id that begins or ends with ${part}; give the whole id`,
    );
  }
  if (second === undefined) return first;
  const some = found
    .slice(0, SHOWN_MAX)
    .map(({ seq, envelope }) => `  ${envelope.id}  #${seq} ${envelope.signal}`);
  const more = found.length > SHOWN_MAX ? [`  and ${found.length - SHOWN_MAX} more`] : [];
  throw new Failure(
    "negative",
    [`${part} is not enough, it fits ${found.length} signals:`, ...some, ...more].join("\n"),
  );
}
