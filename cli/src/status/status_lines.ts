/** The report as lines for people. Pure. */
import type { RestJson } from "../rest/rest_note.ts";
import type { Session } from "../session.ts";
import { ago, bytes, duration, number, plural } from "../view/amounts.ts";
import { consumerTable } from "../view/consumer_table.ts";
import { printable } from "../view/describe_facts.ts";
import type { Palette } from "../view/palette.ts";
import { fit, table } from "../view/table.ts";
import type { ServiceStatus } from "./ask_service.ts";
import type { StatusReport } from "./gather_status.ts";
import { isResting, type Verdict } from "./judge.ts";

type View = Pick<Session, "palette" | "columns" | "environment">;

export function statusLines(report: StatusReport, verdict: Verdict, view: View): readonly string[] {
  const { palette } = view;
  return [
    ...headLines(report, view),
    "",
    ...serviceLines(report.services, view),
    ...(report.consumers.length === 0
      ? []
      : ["", ...consumerTable(report.consumers, view, { counts: false })]),
    ...unconsumedLines(report, palette),
    ...ruleLines(report, view),
    ...alertLines(report, view),
    ...heldLines(report, palette),
    "",
    ...(verdict.problems.length === 0
      ? [palette.good("all that runs is well")]
      : verdict.problems.map((problem) => palette.bad(printableLines(problem)))),
  ];
}

function printableLines(text: string): string {
  return text
    .split("\n")
    .map((line) => `${/^ */.exec(line)?.[0] ?? ""}${printable(line.trim())}`)
    .join("\n");
}

function headLines(report: StatusReport, { palette, environment, columns }: View): readonly string[] {
  const { home, homeKind, mode, maintenance, bus } = report;
  const field = (name: string, text: string): string =>
    fit(`${palette.faint(name.padEnd(12))} ${text}`, columns);
  const ours = homeKind === "own" ? "" : palette.faint(`  (${homeKind})`);
  const modeText = mode === "act" ? mode : palette.warn(`${mode}: decides and shows, changes nothing`);
  const busText =
    bus === null
      ? palette.bad("does not answer")
      : `up ${duration(environment.nowMs() - bus.startedAt)}, pid ${bus.pid}, ${bus.version}, answers in ${bus.pingMs.toFixed(1)} ms`;
  return [
    field("home", `${printable(home)}${ours}`),
    field("mode", modeText),
    field("maintenance", maintenance === null ? "off" : palette.warn(`on${restText(maintenance)}`)),
    ...report.pauses.map((one) =>
      field("paused", palette.warn(`${one.kind} ${printable(one.name)}${restText(one)}`)),
    ),
    field("bus", busText),
    ...(bus === null ? [] : [field("journal", journalText(bus))]),
  ];
}

function restText({ by, until, reason }: RestJson): string {
  const who = by === "" ? "" : ` by ${by}`;
  const end = until === null ? "" : ` until ${until.slice(0, 19).replace("T", " ")}Z`;
  return printable(`${who}${end}${reason === "" ? "" : `: ${reason}`}`);
}

function journalText({
  signals,
  lastSeq,
  journalBytes,
  walBytes,
  sessions,
}: NonNullable<StatusReport["bus"]>): string {
  const size = bytes(journalBytes + walBytes);
  return `${plural(signals, "signal")}, the last is number ${number(lastSeq)}, ${size}, ${plural(sessions.length, "client")}`;
}

function serviceLines(services: readonly ServiceStatus[], { palette, columns }: View): readonly string[] {
  const rows = services.map((one) => [
    palette.source(one.name),
    isResting(one) ? palette.warn("resting") : stateText(one.state, palette),
    one.pid === null ? "" : String(one.pid),
    one.mode ?? "",
    printable(Object.values(one.reasons).join("; ") || (one.status ?? "")),
  ]);
  return table(
    [
      { title: "SERVICE" },
      { title: "STATE" },
      { title: "PID", align: "right" },
      { title: "MODE" },
      { title: "SAYS" },
    ],
    rows,
    { palette, columns },
  );
}

function stateText(state: ServiceStatus["state"], palette: Palette): string {
  if (state === "ready") return palette.good(state);
  if (state === "not_running") return palette.faint("not running");
  return palette.bad(state.replace("_", " "));
}

function ruleLines({ rules }: StatusReport, { palette, environment, columns }: View): readonly string[] {
  const nowMs = environment.nowMs();
  const rows = rules
    .filter(({ enabled }) => enabled)
    .map(({ name, newest, lastFired, ...rule }) => [
      palette.source(printable(name)),
      lastFired === undefined ? "never" : ago(lastFired.atMs, nowMs),
      newest === undefined ? "" : ago(newest.atMs, nowMs),
      rule.paused === undefined ? judgement(newest) : palette.warn(printable(rule.paused)),
    ]);
  const titles = ["RULE", "FIRED", "JUDGED", "SO"];
  return rows.length === 0
    ? []
    : [
        "",
        ...table(
          titles.map((title) => ({ title })),
          rows,
          { palette, columns },
        ),
      ];
}

function judgement(newest: StatusReport["rules"][number]["newest"]): string {
  if (newest === undefined) return "nothing advised it yet";
  const said = newest.reason === undefined ? "" : `: ${newest.reason}`;
  return printable(`${newest.outcome.replaceAll("_", " ")}${said}`);
}

function alertLines({ alerts }: StatusReport, { palette, environment, columns }: View): readonly string[] {
  const rows = alerts.map(({ severity, key, since, says }) => [
    severity === "critical" ? palette.bad(printable(key)) : palette.warn(printable(key)),
    ago(Date.parse(since), environment.nowMs()),
    says,
  ]);
  if (rows.length === 0) return [];
  return [
    "",
    ...table([{ title: "ALERT" }, { title: "SAID" }, { title: "SAYS" }], rows, { palette, columns }),
  ];
}

function heldLines({ heldWinners }: StatusReport, palette: Palette): readonly string[] {
  const [first] = heldWinners;
  if (first === undefined) return [];
  const count = plural(heldWinners.length, "winner");
  return ["", `${palette.warn(`${count} held for approval`)}: kloros winners approve ${printable(first)}`];
}

function unconsumedLines({ bus }: StatusReport, palette: Palette): readonly string[] {
  if (bus === null || bus.unconsumed.length === 0) return [];
  const names = bus.unconsumed.map(({ signal, count }) => `${printable(signal)} (${number(count)})`);
  return ["", `${palette.warn("no consumer asks for")} ${names.join(", ")}`];
}
