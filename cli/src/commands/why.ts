/** `kloros why`: what led to a signal, step by step, and why each step was taken. */
import type { Command } from "commander";
import type { StoredSignal } from "@kloros/journal";
import type { DecisionRecord } from "@kloros/policy-engine";
import { withBus } from "../bus_access.ts";
import { addCommonOptions } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { checkSignalText, findSignalBy } from "../history/find_signal.ts";
import { performing, type Session } from "../session.ts";
import { ago } from "../view/amounts.ts";
import { describeFacts, printable } from "../view/describe_facts.ts";
import { milliseconds } from "../view/flow_line.ts";

const HELP = `
Goes from the signal up to the first one that led to it. For what the rules decided it tells
the decision: condition with the values seen, subjects, controls. For deployments it tells
guardrails, autonomy and approval as they were recorded, for alerts and failures their values.
\`kloros trace\` shows the other direction: what followed.

Examples:
  kloros why 0199f0c3-8f8e-7c3a-9d4e-0d6f2c1b7a55
  kloros why 1b7a55            a part of the id is enough
  kloros why 1234 --json       with the decision records
`;

export function whyCommand(program: Command, environment: Environment): void {
  const command = program
    .command("why")
    .summary("explain why a signal was said")
    .description("Explains why a signal was said: its causes up to the first, and the decisions on the way.")
    .argument("<id>", "id of the signal, a part of it, or its number")
    .addHelpText("after", HELP)
    .action(performing(environment, why));
  addCommonOptions(command);
}

interface Step {
  readonly item: StoredSignal;
  readonly sentences: readonly string[];
  readonly decision: DecisionRecord | undefined;
}

async function why(session: Session, [id = ""]: readonly string[]): Promise<undefined> {
  checkSignalText(id);
  await withBus(session, async (bus, { paths }) => {
    const { causesOf } = await import("../why/causes.ts");
    const { explainSignal } = await import("../why/explain_signal.ts");
    const { withKnowledge } = await import("../why/knowledge.ts");
    const asked = await session.patiently("looking for the signal", findSignalBy(bus, id));
    const { items, missingCause } = await causesOf(bus, asked);
    const steps = await withKnowledge(paths, (knowledge) =>
      Promise.all(items.map(async (item) => ({ item, ...(await explainSignal(item, knowledge)) }))),
    );
    if (session.json) await session.printJson(jsonOf(steps, missingCause));
    else await session.print(...steps.flatMap((step, index) => lines(session, step, steps[index - 1])));
    if (missingCause !== undefined && !session.json) {
      session.say(`its cause ${missingCause} is not in the journal (any more): the chain begins earlier`);
    }
  });
  return undefined;
}

function jsonOf(steps: readonly Step[], missingCause: string | undefined): object {
  return {
    steps: steps.map(({ item: { seq, storedAt, envelope }, sentences, decision }) => ({
      seq,
      storedAt,
      says: describeFacts(envelope),
      why: sentences,
      decision: decision ?? null,
      envelope,
    })),
    missingCause: missingCause ?? null,
  };
}

/** `effect`: what this one led to. */
function lines(
  { palette, environment }: Session,
  { item: { seq, envelope }, sentences }: Step,
  effect: Step | undefined,
): readonly string[] {
  const atMs = Date.parse(envelope.timestamp);
  const when =
    effect === undefined
      ? ago(atMs, environment.nowMs())
      : `${milliseconds(Math.max(0, Date.parse(effect.item.envelope.timestamp) - atMs))} before`;
  const because = effect === undefined ? "" : palette.faint("because of ");
  return [
    `${because}${palette.signal(printable(envelope.signal))} ${palette.faint(`#${seq}`)} by ${palette.source(printable(envelope.source))}, ${when}`,
    `    ${describeFacts(envelope)}`,
    ...sentences.map((sentence) => palette.faint("  · ") + printable(sentence)),
  ];
}
