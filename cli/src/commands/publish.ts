/** `kloros publish`: the operator says something. */
import type { Command } from "commander";
import type { Bus } from "@kloros/bus-client";
import type { PublishResult } from "@kloros/journal";
import type { Envelope, SignalDefinition } from "@kloros/signal-schema";
import { withBus } from "../bus_access.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { unknownName } from "../known_names.ts";
import { readFacts } from "../read_facts.ts";
import { performing, type Session } from "../session.ts";
import { jsonLines } from "../view/json_text.ts";

const HELP = `
It is checked before it is sent, as \`operator\`: the bus stores only what the operator may
say. Prints the id once the signal is on disk.

Examples:
  kloros publish Q_RUN_SCANNER --facts '{"scanner": "documentation"}'
  kloros publish Q_CURIOSITY_INVESTIGATE --facts @question.json
  generate | kloros publish Q_HEALTH_ALERT --facts -       facts from stdin
  kloros publish Q_RUN_SCANNER --dry-run                   only check: what is missing?
  kloros signals list                                      what there is, and who may say it
  kloros trace $(kloros publish Q_RUN_SCANNER --facts …)   and see what follows
`;

interface PublishFlags extends CommonFlags {
  readonly facts?: string;
  readonly dryRun?: boolean;
}

const OPERATOR = "operator";

export function publishCommand(program: Command, environment: Environment): void {
  const command = program
    .command("publish")
    .summary("say something as the operator")
    .description("Publishes a signal as the operator, after checking it.")
    .argument("<signal>", "name, e.g. Q_CURIOSITY_INVESTIGATE")
    .option("--facts <json>", "its facts: JSON, @FILE, or - for stdin (default: {})")
    .option("--dry-run", "check and show it, send nothing; needs no bus")
    .addHelpText("after", HELP)
    .action(performing<PublishFlags>(environment, publish));
  addCommonOptions(command);
}

async function publish(session: Session<PublishFlags>, [name = ""]: readonly string[]): Promise<CliExit> {
  const { environment, flags } = session;
  const { createRoot, validateEnvelope } = await import("@kloros/signal-schema");
  const definition = await allowed(name);
  const facts = await readFacts(flags.facts ?? "{}", environment);
  const envelope: Envelope = createRoot(definition, facts, { source: OPERATOR, nowMs: environment.nowMs() });
  const checked = validateEnvelope(envelope);
  if (!checked.ok) throw new Failure("negative", refusal(checked.text, definition));
  if (flags.dryRun === true) {
    session.say(`${name} is right; nothing was sent`);
    await (session.json
      ? session.printJson({ dryRun: true, envelope })
      : session.print(...jsonLines(envelope)));
    return "ok";
  }
  return withBus(session, (bus) => send(session, bus, envelope));
}

async function allowed(name: string): Promise<SignalDefinition> {
  const { emitterAllowed, signals } = await import("@kloros/signal-schema");
  const definition = signals.get(name);
  const may = [...signals.values()].filter((one) => emitterAllowed(one, OPERATOR)).map((one) => one.name);
  if (definition === undefined) {
    const hint = `the operator may say: ${may.join(", ")}`;
    throw new Failure("usage", `${await unknownName("signal", name, [...signals.keys()])}\n${hint}`);
  }
  if (may.includes(name)) return definition;
  const who = definition.emitters.map(({ service }) => service).join(", ");
  throw new Failure("negative", `${name} is said by ${who} only; the operator may say: ${may.join(", ")}`);
}

function refusal(text: string, definition: SignalDefinition): string {
  const example = JSON.stringify(definition.examples[0]);
  return `${text}\n  an example of its facts: ${example}\n  what each means: kloros signals show ${definition.name}`;
}

async function send(session: Session<PublishFlags>, bus: Bus, envelope: Envelope): Promise<CliExit> {
  const [result] = await bus.publish([envelope]);
  if (result === undefined) throw new Failure("crashed", "the bus did not say what became of the signal");
  const consumers = (await bus.admin("consumers", {})).filter((one) => one.signals.includes(envelope.signal));
  const names = consumers.map(({ name }) => name);
  if (session.json) await session.printJson({ id: envelope.id, ...result, consumers: names });
  if (!SAID.has(result.status)) {
    if (!session.json) session.say(`${envelope.signal} was not taken: ${reason(result)}`);
    return "negative";
  }
  if (session.json) return "ok";
  await session.print(envelope.id);
  session.say(said(envelope, result, names));
  return "ok";
}

const SAID: ReadonlySet<PublishResult["status"]> = new Set(["stored", "duplicate", "announced"]);

function reason(result: PublishResult): string {
  return "text" in result ? `${result.status}: ${result.text}` : result.status;
}

function said(envelope: Envelope, result: PublishResult, consumers: readonly string[]): string {
  if (result.status === "announced") return "announced; signals of this kind are not stored";
  const number = "seq" in result ? `number ${result.seq}` : "stored";
  const who =
    consumers.length === 0 ? "no consumer asks for it yet, it is kept" : `for ${consumers.join(", ")}`;
  return `${number}, ${who}; kloros trace ${envelope.id} shows what follows`;
}
