/** `kloros signals`: what can be said. Needs no bus. */
import type { Command } from "commander";
import type { SignalDefinition } from "@kloros/signal-schema";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { Failure } from "../exit_codes.ts";
import { unknownName } from "../known_names.ts";
import { performing, type Session } from "../session.ts";
import { factRows } from "../view/fact_rows.ts";
import { jsonLines } from "../view/json_text.ts";
import { table } from "../view/table.ts";

const LIST_HELP = `
Examples:
  kloros signals list
  kloros signals list --operator        only those that \`kloros publish\` may say
`;

const SHOW_HELP = `
Examples:
  kloros signals show Q_CURIOSITY_INVESTIGATE
  kloros signals show Q_RUN_SCANNER --json      with the JSON Schema of its facts
`;

interface ListFlags extends CommonFlags {
  readonly operator?: boolean;
}

export function signalsCommand(program: Command, environment: Environment): void {
  const signals = program
    .command("signals")
    .summary("the signals there are: list, show")
    .description("The signals that can be said: what each means, who may say it, which facts it carries.")
    .addHelpText("after", "\nExamples:\n  kloros signals list\n  kloros signals show Q_RUN_SCANNER\n");
  const list = signals
    .command("list")
    .description("Lists all signals.")
    .option("--operator", "only those that the operator may publish")
    .addHelpText("after", LIST_HELP)
    .action(performing<ListFlags>(environment, listSignals));
  const show = signals
    .command("show")
    .description("Explains one signal.")
    .argument("<name>", "e.g. Q_CURIOSITY_INVESTIGATE")
    .addHelpText("after", SHOW_HELP)
    .action(performing(environment, showSignal));
  for (const command of [list, show]) addCommonOptions(command);
}

async function listSignals(session: Session<ListFlags>): Promise<undefined> {
  const { signals, emitterAllowed } = await import("@kloros/signal-schema");
  const all = [...signals.values()].filter(
    (one) => session.flags.operator !== true || emitterAllowed(one, "operator"),
  );
  if (session.json) {
    await session.printJson(all.map((one) => describeSignal(one)));
    return undefined;
  }
  const rows = all.map((one) => [session.palette.signal(one.name), one.kind, one.delivery, one.description]);
  const titles = ["SIGNAL", "KIND", "DELIVERY", "SAYS"];
  await session.print(
    ...table(
      titles.map((title) => ({ title })),
      rows,
      session,
    ),
  );
  return undefined;
}

async function showSignal(session: Session, [name = ""]: readonly string[]): Promise<undefined> {
  const { signals } = await import("@kloros/signal-schema");
  const definition = signals.get(name);
  if (definition === undefined)
    throw new Failure("usage", await unknownName("signal", name, [...signals.keys()]));
  if (session.json) await session.printJson({ ...describeSignal(definition), facts: definition.facts });
  else await session.print(...signalLines(definition, session));
  return undefined;
}

function describeSignal(definition: SignalDefinition): object {
  const { name, kind, delivery, description, emitters, examples, status, root } = definition;
  return {
    name,
    kind,
    delivery,
    description,
    status,
    root,
    emitters: emitters.map(({ service }) => service),
    examples,
  };
}

function signalLines(definition: SignalDefinition, { palette, columns }: Session): readonly string[] {
  const { name, kind, delivery, description, emitters, examples, facts } = definition;
  const rows = factRows(facts).map(({ path, type, required, description: meaning }) => [
    `  ${path}`,
    palette.faint(type),
    required ? "yes" : "",
    meaning,
  ]);
  return [
    `${palette.strong(name)}  ${description}`,
    `${palette.faint("kind")}      ${kind}`,
    `${palette.faint("delivery")}  ${delivery}`,
    `${palette.faint("said by")}   ${emitters.map(({ service }) => palette.source(service)).join(", ")}`,
    "",
    ...table([{ title: "  FACT" }, { title: "TYPE" }, { title: "NEEDED" }, { title: "MEANING" }], rows, {
      palette,
      columns,
    }),
    "",
    palette.strong("for example"),
    ...jsonLines(examples[0] ?? {}, 2),
  ];
}
