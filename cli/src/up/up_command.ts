/** `kloros up`: the whole system in the foreground. */
import type { Command } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { messageOf } from "@kloros/daemon";
import { parseTimeoutMs, type UpOptions, type UpWorld } from "./up_options.ts";
import { wantsColour } from "../view/palette.ts";

const HELP = `
Without arguments it works in .kloros, which it creates and fills with a small example.
A source tree of yours is copied into the home first, unless --in-place. A home that this
software did not create is opened in observe mode: decisions are shown, nothing is changed.

Examples:
  up                                   the example
  up --once                            the same, and ends when there is nothing left to do
  up --home ~/trial --source ~/src     a copy of a tree of yours, in a home of its own
  up --home /home/kloros/.kloros       looks at an existing installation, changes nothing

Exit codes: 0 ended as it should, 1 something went wrong (it says what), 2 wrong arguments,
75 it runs on this home already, 130 interrupted.
`;

interface Flags {
  readonly home?: string;
  readonly source?: string;
  readonly runtime?: string;
  readonly inPlace?: boolean;
  readonly act?: boolean;
  readonly observe?: boolean;
  readonly once?: boolean;
  readonly timeout: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly color: boolean;
}

export function upCommand(program: Command): void {
  program
    .command("up")
    .summary("start the bus and all services, and show the flow")
    .description(
      "Starts the bus and all services as processes of their own and shows the flow as it happens.",
    )
    .option("--home <dir>", "directory of the installation (default: .kloros)")
    .option("--source <dir>", "source tree to look at; copied into the home unless --in-place")
    .option("--runtime <dir>", "directory for sockets and locks")
    .option("--in-place", "use the source tree where it lies")
    .option("--act", "change things also in a home that this software did not create")
    .option("--observe", "decide and show, change nothing")
    .option("--once", "end when the flow has come to rest")
    .option("--timeout <time>", "of --once: 30s, 2m, 1h", "5m")
    .option("--quiet", "show only what goes wrong")
    .option("--json", "show everything as lines of JSON")
    .option("--no-color", "no colours, also on a terminal")
    .addHelpText("after", HELP)
    .action(async (flags: Flags) => {
      process.exitCode = await runFlags(flags);
    });
}

/** As every command ends that cannot understand its arguments. */
const USAGE_EXIT = 2;

async function runFlags(flags: Flags): Promise<number> {
  if (flags.act === true && flags.observe === true) {
    process.stderr.write("up: --act and --observe exclude each other; give one of them\n");
    return USAGE_EXIT;
  }
  let timeoutMs: number;
  try {
    timeoutMs = parseTimeoutMs(flags.timeout);
  } catch (error) {
    process.stderr.write(`up: ${messageOf(error)}\n`);
    return USAGE_EXIT;
  }
  const world = processWorld();
  // The services and their libraries are loaded only for this command.
  const { runUp } = await import("./run_up.ts");
  return runUp(optionsOf(flags, timeoutMs, world), world, manifest.version);
}

function optionsOf(flags: Flags, timeoutMs: number, world: UpWorld): UpOptions {
  return {
    home: flags.home,
    source: flags.source,
    runtime: flags.runtime,
    inPlace: flags.inPlace ?? false,
    act: flags.act ?? false,
    observe: flags.observe ?? false,
    once: flags.once ?? false,
    timeoutMs,
    quiet: flags.quiet ?? false,
    json: flags.json ?? false,
    color: flags.color && wantsColour(world.terminal, world.env),
  };
}

/** A reader that is so far behind loses lines instead of growing this process. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024;

function processWorld(): UpWorld {
  const { stdout } = process;
  const gone = new AbortController();
  // A reader that is gone (`up | head`, a closed terminal) ends it like a Ctrl-C.
  stdout.on("error", () => {
    gone.abort();
  });
  return {
    env: process.env,
    cwd: process.cwd(),
    terminal: stdout.isTTY,
    columns: () => stdout.columns,
    write: (text) => {
      if (!gone.signal.aborted && stdout.writableLength < UNREAD_BYTES_MAX) stdout.write(text);
    },
    outputGone: gone.signal,
    nowMs: () => Date.now(),
  };
}
