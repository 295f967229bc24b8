/** How a dead letter reads, in a line and whole. */
import type { DeadLetter } from "@kloros/journal";
import { Failure } from "../exit_codes.ts";
import type { Session } from "../session.ts";
import { ago, moment, plural } from "../view/amounts.ts";
import { describeFacts, printable } from "../view/describe_facts.ts";
import { jsonLines } from "../view/json_text.ts";
import { table } from "../view/table.ts";
import type { LetterGroup } from "./group_letters.ts";

/** As `kloros dlq list` shows it. Fails with `usage`. */
export function letterNumber(text: string): number {
  const n = /^#?\d{1,15}$/.test(text) ? Number(text.replace("#", "")) : 0;
  if (n > 0) return n;
  throw new Failure("usage", `"${text}" is no number of a dead letter; kloros dlq list shows them`);
}

export function noSuchLetter(n: number): Failure {
  return new Failure("negative", `there is no dead letter ${n}; kloros dlq list shows them`);
}

export function listLines(session: Session, letters: readonly DeadLetter[]): readonly string[] {
  const { palette, columns, environment } = session;
  const rows = letters.map((letter) => [
    String(letter.n),
    ago(letter.deadAt, environment.nowMs()),
    stateText(letter, session),
    letter.reason,
    String(letter.attempts),
    palette.source(printable(letter.consumer)),
    palette.signal(whatText(letter)),
    printable(letter.error),
  ]);
  return table(
    [
      { title: "N", align: "right" },
      { title: "WHEN" },
      { title: "STATE" },
      { title: "REASON" },
      { title: "ATTEMPTS", align: "right" },
      { title: "CONSUMER" },
      { title: "WHAT" },
      { title: "ERROR" },
    ],
    rows,
    { palette, columns },
  );
}

export function groupLines(session: Session, groups: readonly LetterGroup[]): readonly string[] {
  const { palette, columns, environment } = session;
  const nowMs = environment.nowMs();
  const rows = groups.map((group) => [
    String(group.count),
    ago(group.firstAt, nowMs),
    ago(group.lastAt, nowMs),
    String(group.newest),
    group.reason,
    palette.source(printable(group.consumer)),
    palette.signal(printable(group.signal ?? "no signal")),
    printable(group.error),
  ]);
  return table(
    [
      { title: "COUNT", align: "right" },
      { title: "FIRST" },
      { title: "LAST" },
      { title: "NEWEST", align: "right" },
      { title: "REASON" },
      { title: "CONSUMER" },
      { title: "WHAT" },
      { title: "ERROR" },
    ],
    rows,
    { palette, columns },
  );
}

function stateText({ state }: DeadLetter, { palette }: Session): string {
  return state === "dead" ? palette.bad(state) : palette.faint(state);
}

function whatText({ signalName, fields }: DeadLetter): string {
  if (signalName !== null) return printable(signalName);
  return printable(fields["intent_file"] ?? "content that is no signal");
}

export function letterLines(session: Session, letter: DeadLetter): readonly string[] {
  const { palette, environment } = session;
  const { n, id, seq, consumer, reason, error, attempts, firstAt, deadAt, signal, fields } = letter;
  const field = (name: string, text: string): string => `${palette.faint(name.padEnd(9))} ${text}`;
  const says = typeof signal === "string" ? "" : `  ${describeFacts(signal)}`;
  return [
    `${palette.strong(`dead letter ${n}`)}  ${whatText(letter)}${says}`,
    field("state", stateText(letter, session)),
    field("consumer", palette.source(printable(consumer))),
    field("reason", `${reason}, ${plural(attempts, "attempt")}`),
    field("error", palette.bad(printable(error))),
    field("id", `${id}${seq > 0 ? palette.faint(`  #${seq}; kloros trace ${seq}`) : ""}`),
    field("first", moment(firstAt)),
    field("dead", `${moment(deadAt)}  ${palette.faint(ago(deadAt, environment.nowMs()))}`),
    ...Object.entries(fields).map(([name, value]) => field(printable(name), printable(value))),
    "",
    palette.strong(typeof signal === "string" ? "content" : "signal"),
    ...(typeof signal === "string"
      ? signal.split("\n").map((line) => `  ${printable(line)}`)
      : jsonLines(signal, 2)),
  ];
}
