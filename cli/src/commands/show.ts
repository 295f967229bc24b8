/** `kloros show`: one signal, what became of it, what came of it. */
import type { Command } from "commander";
import type { Bus } from "@kloros/bus-client";
import type { StoredSignal } from "@kloros/journal";
import { withBus } from "../bus_access.ts";
import { addCommonOptions } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { checkSignalText, findSignalBy } from "../history/find_signal.ts";
import { performing, type Session } from "../session.ts";
import { ago, duration, moment } from "../view/amounts.ts";
import { describeFacts, printable } from "../view/describe_facts.ts";
import { jsonLines } from "../view/json_text.ts";
import { deliveryState } from "../view/delivery_state.ts";
import { table } from "../view/table.ts";

const HELP = `
An id may be cut to 4 or more characters of its beginning or end, as long as only one of
the newest 20,000 signals fits; the number that \`kloros tail\` shows does as well.

Examples:
  kloros show 0199f0c3-8f8e-7c3a-9d4e-0d6f2c1b7a55
  kloros show 1b7a55            the end of the id is enough
  kloros show 1234              by number
  kloros show 1234 --json       the envelope, its deliveries and its children
`;

export function showCommand(program: Command, environment: Environment): void {
  const command = program
    .command("show")
    .summary("show one signal, who got it and what it led to")
    .description("Shows one signal whole: its envelope, how each consumer stands to it, and its children.")
    .argument("<id>", "id of the signal, a part of it, or its number")
    .addHelpText("after", HELP)
    .action(performing(environment, show));
  addCommonOptions(command);
}

async function show(session: Session, [id = ""]: readonly string[]): Promise<undefined> {
  checkSignalText(id);
  await withBus(session, async (bus) => {
    const item = await session.patiently("looking for the signal", findSignalBy(bus, id));
    const children = await session.patiently("looking for its children", childrenOf(bus, item));
    if (session.json) await session.printJson({ ...item, children });
    else await session.print(...lines(session, item, children));
  });
  return undefined;
}

const CHILDREN_MAX = 1000;

async function childrenOf(bus: Bus, parent: StoredSignal): Promise<readonly StoredSignal[]> {
  const { gatherBelow } = await import("../history/gather_chain.ts");
  const { items } = await gatherBelow(bus, parent, { itemsMax: CHILDREN_MAX });
  return items.filter(({ envelope }) => envelope.cause === parent.envelope.id);
}

function lines(session: Session, item: StoredSignal, children: readonly StoredSignal[]): readonly string[] {
  const { palette, environment, columns } = session;
  const { envelope, seq, storedAt } = item;
  const { signal, source, facts, id, cause, trace, hops, timestamp, ...foreign } = envelope;
  const nowMs = environment.nowMs();
  const field = (name: string, text: string): string => `${palette.faint(name.padEnd(9))} ${text}`;
  return [
    `${palette.strong(printable(signal))}  ${palette.faint(`#${seq}`)}  ${describeFacts(envelope)}`,
    field("id", id),
    field("source", palette.source(printable(source))),
    field("said", `${printable(timestamp)}  ${palette.faint(ago(Date.parse(timestamp), nowMs))}`),
    field(
      "stored",
      `${moment(storedAt)}  ${palette.faint(`${duration(storedAt - Date.parse(timestamp))} later`)}`,
    ),
    field("cause", cause ?? palette.faint("none: it is the first of its chain")),
    field("trace", `${trace}  ${palette.faint(`${hops} hops; kloros trace ${seq}`)}`),
    ...(Object.keys(foreign).length === 0
      ? []
      : ["", palette.strong("other keys"), ...jsonLines(foreign, 2)]),
    "",
    palette.strong("facts"),
    ...jsonLines(facts, 2),
    "",
    palette.strong("deliveries"),
    ...deliveryLines(session, item, nowMs),
    "",
    palette.strong("children"),
    ...(children.length === 0
      ? [palette.faint("  none")]
      : table(
          [
            { title: "  NUMBER" },
            { title: "SIGNAL" },
            { title: "SOURCE" },
            { title: "AFTER" },
            { title: "SAYS" },
          ],
          children.map(({ envelope: child, seq: number }) => [
            `  #${number}`,
            palette.signal(printable(child.signal)),
            palette.source(printable(child.source)),
            `+${duration(Date.parse(child.timestamp) - Date.parse(timestamp))}`,
            describeFacts(child),
          ]),
          { palette, columns },
        )),
  ];
}

function deliveryLines(session: Session, item: StoredSignal, nowMs: number): readonly string[] {
  const { palette, columns } = session;
  if (item.deliveries.length === 0) return [palette.faint("  none: no consumer asks for it")];
  return table(
    [
      { title: "  CONSUMER" },
      { title: "STATE" },
      { title: "FAILURES", align: "right" },
      { title: "SETTLED" },
      { title: "ERROR" },
    ],
    item.deliveries.map(({ consumer, state, attempt, settledAt, error }) => [
      `  ${printable(consumer)}`,
      deliveryState(state, palette),
      String(attempt),
      settledAt === null ? "" : `${ago(settledAt, nowMs)}, after ${duration(settledAt - item.storedAt)}`,
      printable(error ?? ""),
    ]),
    { palette, columns },
  );
}
