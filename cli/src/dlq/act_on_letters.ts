/** `kloros dlq retry`, `resubmit`, `drop`: the same for numbers and for all that a filter finds. */
import type { Bus } from "@kloros/bus-client";
import type { DeadLetter } from "@kloros/journal";
import { withBus } from "../bus_access.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { briefDeadLetters, oneDeadLetter } from "../history/dead_letters.ts";
import type { Place } from "../place.ts";
import type { Session } from "../session.ts";
import { number, plural } from "../view/amounts.ts";
import { readEdited } from "./edited_content.ts";
import { type FilterFlags, filterOf, hasFilter } from "./letter_filter.ts";
import { letterNumber, listLines } from "./letter_text.ts";
import { type Many, oneByOne } from "./one_by_one.ts";
import { resubmitFile } from "./resubmit_file.ts";

export interface ActFlags extends FilterFlags {
  readonly every?: boolean;
  readonly rate: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly content?: string;
}

/** A dry run shows so many. */
const SHOWN_MAX = 20;

interface Act {
  readonly many: Omit<Many, "rate">;
  readonly applies: (letter: DeadLetter) => boolean;
  readonly work: (n: number) => Promise<{ readonly ok: boolean; readonly text: string }>;
}

export function retryLetters(session: Session<ActFlags>, args: readonly string[]): Promise<CliExit> {
  return withBus(session, (bus) =>
    act(session, bus, args, {
      many: { verb: "retried", key: "retried" },
      applies: ({ state, seq }) => state === "dead" && seq > 0,
      work: async (n) => {
        const { retried, text } = await bus.admin("retryDeadLetter", { n });
        return { ok: retried, text };
      },
    }),
  );
}

export function dropLetters(session: Session<ActFlags>, args: readonly string[]): Promise<CliExit> {
  return withBus(session, (bus) =>
    act(session, bus, args, {
      many: { verb: "dropped", key: "dropped" },
      applies: ({ state }) => state === "dead" || state === "reported",
      work: async (n) => {
        const { dropped, text } = await bus.admin("dropDeadLetter", { n });
        return { ok: dropped, text };
      },
    }),
  );
}

export async function resubmitLetters(session: Session<ActFlags>, args: readonly string[]): Promise<CliExit> {
  const { content } = session.flags;
  if (content !== undefined && args.length !== 1)
    throw new Failure("usage", "--content is for one dead letter: name its number");
  const edited = content === undefined ? undefined : await readEdited(content, session.environment);
  return withBus(session, (bus, place) =>
    act(session, bus, args, {
      many: { verb: "resubmitted", key: "retried" },
      applies: ({ state, seq, fields }) =>
        state === "dead" && seq === 0 && fields["intent_file"] !== undefined,
      work: (n) => resubmit(bus, place, n, edited),
    }),
  );
}

async function resubmit(
  bus: Bus,
  { paths }: Place,
  n: number,
  edited: Uint8Array | undefined,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const letter = await oneDeadLetter(bus, n);
  const name = letter?.fields["intent_file"];
  if (letter?.state !== "dead" || letter.seq > 0 || typeof letter.signal !== "string") {
    const { retried: ok, text } = await bus.admin("noteResubmitted", { n });
    return { ok, text };
  }
  if (name === undefined) return { ok: false, text: "it came from no intent file" };
  const { encoding, file_bytes: fileBytes } = letter.fields;
  const content = Buffer.from(letter.signal, encoding === "base64" ? "base64" : "utf8");
  const file = { n, name, content, whole: fileBytes === undefined, deadAt: letter.deadAt };
  let written: string;
  try {
    written = resubmitFile(paths, { ...file, ...(edited === undefined ? {} : { edited }) });
  } catch (error) {
    return { ok: false, text: error instanceof Error ? error.message : String(error) };
  }
  const { retried: ok, text } = await bus.admin("noteResubmitted", { n });
  return { ok, text: ok ? `${written} is among the intents again` : text };
}

async function act(
  session: Session<ActFlags>,
  bus: Bus,
  args: readonly string[],
  { many, applies, work }: Act,
): Promise<CliExit> {
  const { rate, dryRun, yes } = session.flags;
  const byNumber = args.length > 0;
  const letters = byNumber ? [] : await chosen(session, bus, applies);
  const numbers = byNumber ? args.map(letterNumber) : letters.map(({ n }) => n);
  if (dryRun === true)
    return showChosen(session, byNumber ? await named(bus, numbers, applies) : letters, many.verb);
  if (!byNumber && numbers.length === 0) {
    if (session.json) await session.printJson([]);
    else session.say("no dead letter is like that");
    return "negative";
  }
  if (!byNumber && many.verb === "dropped" && yes !== true)
    throw new Failure(
      "negative",
      `${plural(numbers.length, "dead letter")} would be dropped for good; say --yes if that is meant`,
    );
  return oneByOne(session, numbers, work, { ...many, rate });
}

async function chosen(
  session: Session<ActFlags>,
  bus: Bus,
  applies: Act["applies"],
): Promise<readonly DeadLetter[]> {
  if (!hasFilter(session.flags) && session.flags.every !== true)
    throw new Failure(
      "usage",
      "name dead letters by number, or by a filter (--consumer, --reason, …), or --every",
    );
  const found: DeadLetter[] = [];
  for await (const letter of briefDeadLetters(bus, filterOf(session.flags)))
    if (applies(letter)) found.push(letter);
  return found;
}

async function named(bus: Bus, numbers: readonly number[], applies: Act["applies"]): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for (const n of numbers) {
    const letter = await oneDeadLetter(bus, n);
    if (letter !== undefined && applies(letter)) letters.push(letter);
  }
  return letters;
}

async function showChosen(session: Session, letters: readonly DeadLetter[], verb: string): Promise<CliExit> {
  if (session.json) {
    await session.printJson(letters.map(({ n }) => ({ n, dryRun: true })));
    return letters.length === 0 ? "negative" : "ok";
  }
  await session.print(...listLines(session, letters.slice(0, SHOWN_MAX)));
  if (letters.length > SHOWN_MAX) session.say(`and ${number(letters.length - SHOWN_MAX)} more`);
  session.say(`${plural(letters.length, "dead letter")} would be ${verb}; nothing was done`);
  return letters.length === 0 ? "negative" : "ok";
}
