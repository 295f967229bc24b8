/** docs/reference/cli.md, from the program itself: what `--help` says, command by command. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { CLI_EXIT } from "../exit_codes.ts";
import { Output } from "../output.ts";
import { buildProgram, everyCommand } from "../program.ts";
import { sourceNote } from "./source_note.ts";

export function cliPage(): string {
  const said: string[] = [];
  const program = buildProgram(writingTo(said));
  const commands = everyCommand(program).filter((command) => !isHidden(command));
  return [
    sourceNote("cli/src/commands and cli/src/up"),
    "# The command `kloros`",
    "",
    "From a clone: `bun cli/src/main.ts`. Compiled (`./scripts/build`): `dist/multicall/kloros`; called by a link with a",
    "service's name, the same program is that service; as `kloros-dream`, the D-REAM runner.",
    "",
    "What was asked for goes to stdout, messages go to stderr. With `--json`, stdout holds one JSON document, or one a line",
    "where there is no end (`tail`, `logs`, `up`). A reader that goes away (`| head`) ends a command without an error.",
    "",
    "| exit code | meaning |",
    "|---|---|",
    ...Object.values(CLI_EXIT).map(({ code, meaning }) => `| ${code} | ${meaning} |`),
    "",
    ...[program, ...commands].flatMap((command) => section(command, said)),
  ].join("\n");
}

function section(command: Command, said: string[]): readonly string[] {
  said.length = 0;
  command.outputHelp();
  return [`## ${fullName(command)}`, "", "```text", said.join("").trimEnd(), "```", ""];
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

export function isHidden(command: Command): boolean {
  const shown = command.parent?.createHelp().visibleCommands(command.parent) ?? [];
  return !shown.includes(command);
}

class Kept extends Output {
  readonly #said: string[];
  constructor(said: string[]) {
    super(-1);
    this.#said = said;
  }
  override write(text: string): Promise<void> {
    this.#said.push(text);
    return Promise.resolve();
  }
}

function writingTo(said: string[]): Environment {
  const out = new Kept(said);
  return {
    version: "",
    env: {},
    cwd: "/",
    out,
    err: out,
    outTerminal: false,
    errTerminal: false,
    columns: () => 100,
    rows: () => 24,
    nowMs: () => 0,
    readInput: () => Promise.resolve(""),
    stopRequested: () => new AbortController().signal,
  };
}
