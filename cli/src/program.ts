/** The tree of commands. A new command is a file in `commands/` and a line here. */
import { Command } from "commander";
import { auditCommand } from "./commands/audit.ts";
import { consumersCommand } from "./commands/consumers.ts";
import { describeCommand } from "./commands/describe.ts";
import { dlqCommand } from "./commands/dlq.ts";
import { dreamCommand } from "./commands/dream.ts";
import { installCommand } from "./commands/install.ts";
import { integrationsCommand } from "./commands/integrations.ts";
import { journalCommand } from "./commands/journal.ts";
import { logsCommand } from "./commands/logs.ts";
import { maintenanceCommand } from "./commands/maintenance.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { pauseCommand, resumeCommand } from "./commands/pause.ts";
import { policyCommand } from "./commands/policy.ts";
import { publishCommand } from "./commands/publish.ts";
import { releaseCommand } from "./commands/release.ts";
import { runServiceCommand } from "./commands/run_service.ts";
import { showCommand } from "./commands/show.ts";
import { signalsCommand } from "./commands/signals.ts";
import { statusCommand } from "./commands/status.ts";
import { tailCommand } from "./commands/tail.ts";
import { traceCommand } from "./commands/trace.ts";
import { uninstallCommand } from "./commands/uninstall.ts";
import { upgradeCommand } from "./commands/upgrade.ts";
import { whyCommand } from "./commands/why.ts";
import { whyNotCommand } from "./commands/why_not.ts";
import { winnersCommand } from "./commands/winners.ts";
import { addCommonOptions, passCommonOptions } from "./shared_options.ts";
import type { Environment } from "./environment.ts";
import { CLI_EXIT } from "./exit_codes.ts";
import { upCommand } from "./up/up_command.ts";

const GROUPS: readonly { readonly title: string; readonly commands: readonly MakeCommand[] }[] = [
  { title: "Run", commands: [upCommand] },
  {
    title: "Install",
    commands: [installCommand, upgradeCommand, releaseCommand, migrateCommand, uninstallCommand],
  },
  {
    title: "Look",
    commands: [
      statusCommand,
      tailCommand,
      showCommand,
      traceCommand,
      whyCommand,
      whyNotCommand,
      logsCommand,
      auditCommand,
    ],
  },
  {
    title: "Act",
    commands: [
      publishCommand,
      winnersCommand,
      maintenanceCommand,
      pauseCommand,
      resumeCommand,
      dlqCommand,
      consumersCommand,
      integrationsCommand,
      journalCommand,
    ],
  },
  { title: "Learn", commands: [describeCommand, policyCommand, signalsCommand] },
];

type MakeCommand = (program: Command, environment: Environment) => void;

const INTRODUCTION = `
Start with:
  kloros up                 start everything and watch it, Ctrl-C ends it
  kloros status             from another terminal: how is it?
  kloros tail               what is said, as it is said
  kloros <command> --help   examples for each command
`;

const EXPLAIN = "explain a command, with examples";

export function buildProgram(environment: Environment): Command {
  const program = new Command("kloros")
    .description("Operates a KLoROS installation: starts it, shows what happens in it, and steps in.")
    .version(environment.version, "-V, --version", "print the version")
    .helpOption("-h, --help", EXPLAIN)
    .addHelpCommand(new Command("help").argument("[command]").description(EXPLAIN).helpGroup("Learn:"))
    .enablePositionalOptions()
    .showHelpAfterError("(kloros --help shows all commands)");
  settle(program, environment);
  addCommonOptions(program);
  passCommonOptions(program);
  for (const { title, commands } of GROUPS) {
    program.commandsGroup(`${title}:`);
    for (const make of commands) make(program, environment);
  }
  runServiceCommand(program, environment);
  dreamCommand(program);
  for (const command of everyCommand(program)) settle(command, environment);
  program.addHelpText("after", `${INTRODUCTION}\n${exitCodesText()}`);
  return program;
}

/** All commands below, hidden ones and groups included. */
export function everyCommand(program: Command): readonly Command[] {
  return program.commands.flatMap((command) => [command, ...everyCommand(command)]);
}

/** Errors come to the caller, who owns the exit code; texts go where all others go. */
function settle(command: Command, { out, err, outTerminal, errTerminal, columns }: Environment): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => void out.write(text),
    writeErr: (text) => void err.write(text),
    getOutHelpWidth: () => (outTerminal ? columns() : HELP_WIDTH),
    getErrHelpWidth: () => (errTerminal ? columns() : HELP_WIDTH),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
}

/** Where nobody's terminal says otherwise. */
const HELP_WIDTH = 100;

function exitCodesText(): string {
  const lines = Object.values(CLI_EXIT).map(
    ({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`,
  );
  return ["Exit codes:", ...lines].join("\n");
}
