/** `kloros tail`: what was said, then what is said. */
import type { Command } from "commander";
import type { Bus } from "@kloros/bus-client";
import type { Envelope } from "@kloros/signal-schema";
import { withBus } from "../bus_access.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { checkSignalNames } from "../known_names.ts";
import { checkSignalText, findSignalBy } from "../history/find_signal.ts";
import { list, pastMoment, wholeNumber } from "../read_options.ts";
import { performing, type Session } from "../session.ts";
import { SignalView } from "../view/signal_view.ts";
import type { SignalFilter } from "../history/read_on.ts";

const HELP = `
Every stored signal is shown once and in order, however slow the reader is: the live feed
only says that there is something new. Signals that are announced and not stored have no
number. Press Ctrl-C to end it.

Examples:
  kloros tail                                  the last 20, then what comes
  kloros tail --signal Q_MODULE_INTEGRATED     one kind only; may be repeated
  kloros tail --source intent-router -n 100    what one service says
  kloros tail --since 10m --no-follow          the last ten minutes, then the end
  kloros tail --trace 0199f0c3                 one chain as it goes on
  kloros tail --json | jq .envelope.facts      for programs: a line of JSON a signal
`;

interface TailFlags extends Omit<CommonFlags, "source"> {
  readonly signal?: readonly string[];
  /** Here not the source tree: who said it. */
  readonly source?: readonly string[];
  readonly trace?: string;
  readonly lines?: number;
  readonly since?: number;
  readonly follow: boolean;
}

const LINES_DEFAULT = 20;
const LINES_MAX = 10_000_000;

export function tailCommand(program: Command, environment: Environment): void {
  const command = program
    .command("tail")
    .summary("show signals as they are said")
    .description("Shows the last signals, and then each new one as it is said.")
    .option("--signal <name>", "only signals of this name; repeatable, or with commas", list)
    .option("--source <service>", "only signals of this service; repeatable, or with commas", list)
    .option("--trace <id>", "only the chain of this signal: its id, a part of it, or its number")
    .option("-n, --lines <count>", "so many of the newest first (default: 20)", wholeNumber(0, LINES_MAX))
    .option(
      "--since <time>",
      "what was stored since: 90s, 10m, 2h, 3d, or a moment",
      pastMoment(environment.nowMs),
    )
    .option("-f, --follow", "go on with what comes (the default)", true)
    .option("--no-follow", "end after the history")
    .addHelpText("after", HELP)
    .action(performing<TailFlags>(environment, tail));
  addCommonOptions(command);
}

async function tail(session: Session<TailFlags>): Promise<undefined> {
  const { environment, flags } = session;
  const { source: sources, ...rest } = flags;
  await checkSignalNames(flags.signal ?? []);
  if (flags.trace !== undefined) checkSignalText(flags.trace);
  const abort = environment.stopRequested();
  await withBus({ environment, flags: rest }, async (bus) => {
    const forget = tellAbsence(bus, session);
    const filter = {
      ...(flags.signal === undefined ? {} : { signals: flags.signal }),
      ...(sources === undefined ? {} : { sources }),
      ...(flags.trace === undefined ? {} : { trace: await traceOf(bus, flags.trace) }),
    };
    try {
      await show(bus, filter, session, abort);
    } finally {
      forget();
    }
  });
  return undefined;
}

async function show(
  bus: Bus,
  filter: SignalFilter,
  session: Session<TailFlags>,
  abort: AbortSignal,
): Promise<void> {
  const { follow: goOn, since: sinceMs, lines } = session.flags;
  const { findStart } = await import("../history/find_start.ts");
  const count = lines ?? (sinceMs === undefined ? LINES_DEFAULT : undefined);
  const afterSeq = await session.patiently(
    "looking for the beginning",
    findStart(bus, filter, { count, sinceMs }),
  );
  const view = new SignalView(session);
  if (!goOn) {
    const { readOn } = await import("../history/read_on.ts");
    for await (const item of readOn(bus, filter, { afterSeq })) {
      if (abort.aborted) return;
      await view.stored(item);
    }
    return;
  }
  const { follow } = await import("../history/follow.ts");
  for await (const followed of follow(bus, { filter, afterSeq, abort })) {
    if (abort.aborted) return;
    if (followed.kind === "stored") await view.stored(followed.item);
    else if (followed.kind === "live") await view.live(followed.envelope);
    else
      session.say(
        `${followed.count} signals that are not stored were left out: this reader is too slow for them`,
      );
  }
}

/** A filter by trace wants the whole id: it may be a part, or that of any signal of the chain. */
async function traceOf(bus: Bus, text: string): Promise<Envelope["trace"]> {
  return (await findSignalBy(bus, text)).envelope.trace;
}

function tellAbsence(bus: Bus, session: Session<TailFlags>): () => void {
  let away = false;
  return bus.onState((state, why) => {
    if (state === "connecting" && !away) session.say(`the bus is away (${why}); going on when it is back`);
    if (state === "connected" && away) session.say("the bus is back");
    away = state === "connecting";
  });
}
