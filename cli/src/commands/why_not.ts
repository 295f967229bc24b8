/** `kloros why-not`: why was a signal not said? */
import type { Command } from "commander";
import { awayText, reachBus } from "../bus_access.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { Failure } from "../exit_codes.ts";
import { unknownName } from "../known_names.ts";
import { findPlace } from "../place.ts";
import { performing, type Session } from "../session.ts";
import { ago, moment } from "../view/amounts.ts";
import { printable } from "../view/describe_facts.ts";
import { askedMoment } from "../why/moment.ts";
import type { NotReport } from "../why/not_report.ts";

const HELP = `
For what rules decide (Q_DREAM_TRIGGER): the evaluations up to that moment, what was missing
or false with the values seen, which control held it back and until when, or that nothing
advised it. For what services say in answer to something: what they were given last, and what
they made of it. Times of day are UTC. Works without a bus as far as it can.

Examples:
  kloros why-not Q_DREAM_TRIGGER
  kloros why-not Q_DREAM_TRIGGER --at 10:30
  kloros why-not Q_WINNER_DEPLOYED --at -15m
  kloros why-not Q_MODULE_INTEGRATED --json
`;

interface WhyNotFlags extends CommonFlags {
  readonly at?: number;
}

/** A moment so near counts as now, ms. */
const NOW_MS = 5000;

export function whyNotCommand(program: Command, environment: Environment): void {
  const command = program
    .command("why-not")
    .summary("explain why a signal was not said")
    .description("Explains why a signal was not said, now or up to a moment.")
    .argument("<signal>", "name, e.g. Q_DREAM_TRIGGER")
    .option(
      "--at <time>",
      "up to then: 15m back, 10:30 in UTC, or a moment (default: now)",
      askedMoment(environment.nowMs),
    )
    .addHelpText("after", HELP)
    .action(performing<WhyNotFlags>(environment, whyNot));
  addCommonOptions(command);
}

async function whyNot(session: Session<WhyNotFlags>, [typed = ""]: readonly string[]): Promise<undefined> {
  const { flags, environment } = session;
  const { signals } = await import("@kloros/signal-schema");
  const definition = signals.get(typed) ?? signals.get(typed.toUpperCase());
  if (definition === undefined)
    throw new Failure("usage", await unknownName("signal", typed, [...signals.keys()]));
  const nowMs = environment.nowMs();
  const atMs = flags.at ?? nowMs;
  const question = { definition, atMs, now: nowMs - atMs < NOW_MS };
  const place = await findPlace(flags, environment);
  const answer = await reachBus(place);
  const bus = answer.kind === "connected" ? answer.bus : undefined;
  const busAway = answer.kind === "away" ? awayText(place, answer.why) : undefined;
  try {
    const { withKnowledge } = await import("../why/knowledge.ts");
    const gather = await import("../why/not_report.ts");
    const report = await session.patiently(
      "looking through the history",
      withKnowledge(place.paths, (knowledge) => gather.whyNot(question, { bus, busAway, place, knowledge })),
    );
    if (session.json) await session.printJson({ ...report, at: new Date(atMs).toISOString() });
    else await session.print(...lines(session, report));
    if (busAway !== undefined) session.say(busAway);
  } finally {
    await bus?.close();
  }
  return undefined;
}

function lines({ palette }: Session, report: NotReport): readonly string[] {
  const { signal, atMs, last, rules, services, winners } = report;
  const point = (sentence: string): string => palette.faint("  · ") + printable(sentence);
  const lastText =
    last === null
      ? report.busAway === null
        ? "the journal has none"
        : "the bus was not there to ask"
      : `the last is #${last.seq}, ${ago(last.storedAt, atMs)} (${last.says}); kloros why ${last.seq}`;
  return [
    `${palette.signal(signal)} up to ${moment(atMs)} UTC: ${printable(lastText)}`,
    ...(rules === undefined
      ? []
      : [
          palette.strong("rules"),
          ...rules.sentences.flatMap(([first = "", ...details]) => [
            point(first),
            ...details.map((detail) => `      ${printable(detail)}`),
          ]),
        ]),
    ...services.flatMap(({ service, sentences }) => [palette.source(service), ...sentences.map(point)]),
    ...(winners.length === 0 ? [] : [palette.strong("winners"), ...winners.map(point)]),
  ];
}
