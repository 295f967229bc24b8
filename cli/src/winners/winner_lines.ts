/** Winners for people. Pure. */
import type { WinnerRecord, WinnerStanding } from "@kloros/winner-deployer";
import type { Session } from "../session.ts";
import { ago } from "../view/amounts.ts";
import { printable } from "../view/describe_facts.ts";
import { jsonLines } from "../view/json_text.ts";
import type { Palette } from "../view/palette.ts";
import { table } from "../view/table.ts";

type View = Pick<Session, "palette" | "columns" | "environment">;

const TONES: Readonly<Record<WinnerStanding, "good" | "warn" | "bad" | "faint">> = {
  held: "warn",
  deployed: "good",
  replaced: "faint",
  rejected: "faint",
  rolled_back: "faint",
  failed: "bad",
  blocked: "bad",
};

function standingText(state: WinnerStanding, palette: Palette): string {
  return palette[TONES[state] ?? "faint"](printable(state).replace("_", " "));
}

export function winnerTable(winners: readonly WinnerRecord[], view: View): readonly string[] {
  const rows = winners.map((one) => [
    view.palette.strong(printable(one.id)),
    standingText(one.state, view.palette),
    ago(Date.parse(one.when), view.environment.nowMs()),
    fitnessText(one.fitness),
    one.keys.map(({ key, new: value }) => printable(`${key}=${value}`)).join(" "),
    printable(one.reason),
  ]);
  return table(
    [
      { title: "WINNER" },
      { title: "STATE" },
      { title: "SINCE" },
      { title: "FITNESS", align: "right" },
      { title: "SETS" },
      { title: "WHY" },
    ],
    rows,
    view,
  );
}

/** All digits are in the JSON. */
function fitnessText(fitness: number): string {
  return String(Number(fitness.toPrecision(6)));
}

export function winnerLines(one: WinnerRecord, view: View): readonly string[] {
  const { palette, environment } = view;
  const field = (name: string, text: string): string => `${palette.faint(name.padEnd(9))} ${text}`;
  return [
    `${palette.strong(printable(one.id))}  ${standingText(one.state, palette)}`,
    field("since", `${one.when}  ${palette.faint(ago(Date.parse(one.when), environment.nowMs()))}`),
    field("why", printable(one.reason)),
    field("cycle", printable(one.run_tag ?? "not known")),
    field("fitness", fitnessText(one.fitness)),
    ...nextSteps(one, palette),
    "",
    palette.strong(one.state === "held" ? "would set" : "keys"),
    ...(one.keys.length === 0
      ? [palette.faint("  none")]
      : table(
          [{ title: "  KEY" }, { title: "BEFORE" }, { title: "AFTER" }],
          one.keys.map(({ key, old, new: value }) => [
            `  ${printable(key)}`,
            old === null ? palette.faint("(not there)") : printable(old),
            printable(value),
          ]),
          view,
        )),
    "",
    palette.strong("parameters"),
    ...jsonLines(one.params, 2),
    "",
    palette.strong("metrics"),
    ...(one.metrics === null ? [palette.faint("  none")] : jsonLines(one.metrics, 2)),
  ];
}

/** An experiment is named as its file is, by anyone: what is copied into a shell stays one word. */
function shellWord(text: string): string {
  return /^[\w.,:@%+=/-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function nextSteps({ id: plainId, state }: WinnerRecord, palette: Palette): readonly string[] {
  const id = shellWord(plainId);
  const steps = {
    held: `kloros winners approve ${id}   or   reject`,
    deployed: `kloros winners rollback ${id}`,
    replaced: `kloros winners approve ${id}`,
    rejected: `kloros winners approve ${id}`,
    rolled_back: `kloros winners approve ${id}`,
    failed: `kloros winners approve ${id}`,
    blocked: undefined,
  } as const satisfies Record<WinnerStanding, string | undefined>;
  const step = steps[state];
  return step === undefined ? [] : [`${palette.faint("next".padEnd(9))} ${printable(step)}`];
}
