/** What every command understands. */
import { type Command, Option } from "commander";

export interface CommonFlags {
  readonly home?: string;
  readonly source?: string;
  readonly runtime?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

const OPTIONS = [
  ["--home <dir>", "directory of the installation (KLOROS_HOME; default: .kloros)"],
  ["--source <dir>", "root of the source tree (KLOROS_SOURCE)"],
  ["--runtime <dir>", "directory of the sockets (KLOROS_RUNTIME; default: where the bus says it is)"],
  ["--json", "print JSON instead of text for people"],
  ["--no-color", "no colours, also on a terminal (NO_COLOR)"],
] as const;

/** Adds them where the command has none of that name. */
export function addCommonOptions(command: Command): Command {
  for (const [flags, description] of OPTIONS) {
    const option = new Option(flags, description);
    if (!command.options.some(({ long }) => long === option.long)) command.addOption(option);
  }
  return command;
}

/** `kloros --home X status` says the same as `kloros status --home X`; what stands nearer to the end wins. */
export function passCommonOptions(program: Command): void {
  program.hook("preAction", (_program, action) => {
    for (let above = action.parent; above !== null; above = above.parent) {
      for (const option of above.options) {
        const name = option.attributeName();
        if (above.getOptionValueSource(name) !== "cli" || action.getOptionValueSource(name) === "cli")
          continue;
        action.setOptionValueWithSource(name, above.getOptionValue(name), "cli");
      }
    }
  });
}
