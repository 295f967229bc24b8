/** `kloros trace`: a chain from its first signal on, as a tree with latencies. */
import type { Command } from "commander";
import type { StoredSignal } from "@kloros/journal";
import { withBus } from "../bus_access.ts";
import { addCommonOptions } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { causalTree, type TreeNode } from "../history/causal_tree.ts";
import type { Chain } from "../history/gather_chain.ts";
import { checkSignalText, findSignalBy } from "../history/find_signal.ts";
import { performing, type Session } from "../session.ts";
import { ago, duration, moment, plural } from "../view/amounts.ts";
import { deliveryState } from "../view/delivery_state.ts";
import { describeFacts, printable } from "../view/describe_facts.ts";
import { milliseconds } from "../view/flow_line.ts";
import { type Column, table } from "../view/table.ts";

const HELP = `
Give any signal of the chain: it goes up to the first one, and from there down to all that
followed, also where an advisory or a timeout began a trace of its own. Work that is still
open, was given up or retried stands below its signal.

Examples:
  kloros trace 0199f0c3-8f8e-7c3a-9d4e-0d6f2c1b7a55
  kloros trace 1b7a55           a part of the id is enough
  kloros trace 1234 --json      for programs: the signals in the order of the tree
`;

/** Signals of one chain that are shown; a chain of more has lost its way. */
const SIGNALS_MAX = 5000;

export function traceCommand(program: Command, environment: Environment): void {
  const command = program
    .command("trace")
    .summary("show what led to a signal and what followed, with latencies")
    .description(
      "Shows the causal chain of a signal as a tree: who said what because of what, and after what time.",
    )
    .argument("<id>", "id of a signal of the chain, a part of it, or its number")
    .addHelpText("after", HELP)
    .action(performing(environment, trace));
  addCommonOptions(command);
}

async function trace(session: Session, [id = ""]: readonly string[]): Promise<undefined> {
  checkSignalText(id);
  await withBus(session, async (bus) => {
    const { gatherChain } = await import("../history/gather_chain.ts");
    const asked = await session.patiently("looking for the signal", findSignalBy(bus, id));
    const chain = await session.patiently(
      "looking for what followed, in all of the history since",
      gatherChain(bus, asked, { itemsMax: SIGNALS_MAX }),
    );
    const nodes = causalTree(chain.items);
    if (session.json) await session.printJson(jsonOf(chain, nodes));
    else await session.print(...lines(session, { chain, nodes, asked }));
    if (chain.cut) session.say(`the chain is longer than ${SIGNALS_MAX} signals: the rest is not shown`);
  });
  return undefined;
}

function jsonOf({ missingCause, cut }: Chain, nodes: readonly TreeNode[]): object {
  return {
    root: nodes[0]?.item.envelope.id ?? null,
    missingCause: missingCause ?? null,
    cut,
    signals: nodes.map(({ item, depth, sinceCauseMs, sinceRootMs }) => ({
      depth,
      sinceCauseMs: sinceCauseMs ?? null,
      sinceRootMs,
      ...item,
    })),
  };
}

const COLUMNS: readonly Column[] = [
  { title: "TIME" },
  { title: "SINCE CAUSE", align: "right" },
  { title: "SINCE FIRST", align: "right" },
  { title: "NUMBER", align: "right" },
  { title: "WHO" },
  { title: "SIGNAL" },
  { title: "SAYS" },
];

interface Shown {
  readonly chain: Chain;
  readonly nodes: readonly TreeNode[];
  /** The one that was asked for is marked. */
  readonly asked: StoredSignal;
}

function lines(session: Session, { chain, nodes, asked }: Shown): readonly string[] {
  const { palette, columns } = session;
  const rows = nodes.flatMap((node) => [signalRow(session, node, asked), ...workRows(session, node)]);
  const missing =
    chain.missingCause === undefined
      ? []
      : [palette.warn(`its cause ${chain.missingCause} is not in the journal: the chain begins earlier`)];
  return [summary(session, nodes), ...missing, "", ...table(COLUMNS, rows, { palette, columns })];
}

function summary({ palette, environment }: Session, nodes: readonly TreeNode[]): string {
  const first = nodes[0]?.item;
  if (first === undefined) return "nothing";
  const took = Math.max(...nodes.map(({ sinceRootMs }) => sinceRootMs));
  const { envelope } = first;
  const began = `${moment(first.storedAt)} UTC, ${ago(first.storedAt, environment.nowMs())}`;
  return `${palette.strong(plural(nodes.length, "signal"))} in ${milliseconds(took)}, from ${printable(envelope.signal)} by ${printable(envelope.source)} (${began})`;
}

function signalRow({ palette }: Session, node: TreeNode, asked: StoredSignal): readonly string[] {
  const { item, branch, sinceCauseMs, sinceRootMs } = node;
  const { envelope, seq } = item;
  const number = `#${seq}`;
  return [
    palette.faint(new Date(envelope.timestamp).toISOString().slice(11, 23)),
    sinceCauseMs === undefined ? "" : milliseconds(sinceCauseMs),
    milliseconds(sinceRootMs),
    seq === asked.seq ? palette.strong(number) : palette.faint(number),
    palette.source(printable(envelope.source)),
    `${palette.faint(branch)}${palette.signal(printable(envelope.signal))}`,
    describeFacts(envelope),
  ];
}

/** What did not go as it should at once. */
function workRows({ palette }: Session, { item, below }: TreeNode): readonly (readonly string[])[] {
  return item.deliveries
    .filter(({ state, attempt }) => state !== "done" || attempt > 0)
    .map(({ consumer, state, attempt, error, settledAt }) => {
      const tries = attempt > 0 ? `, ${plural(attempt, "failed attempt")}` : "";
      const when = settledAt === null ? "" : ` after ${duration(settledAt - item.storedAt)}`;
      const why = error === null ? "" : `: ${printable(error)}`;
      return [
        "",
        "",
        "",
        "",
        palette.faint(printable(consumer)),
        palette.faint(below),
        `${deliveryState(state, palette)}${when}${tries}${why}`,
      ];
    });
}
