/** One run of one command: its flags, where it prints, and how it ends. */
import type { Command } from "commander";
import type { CommonFlags } from "./shared_options.ts";
import type { Environment } from "./environment.ts";
import { CLI_EXIT, type CliExit } from "./exit_codes.ts";
import { choosePalette, type Palette, wantsColour } from "./view/palette.ts";

/** What printing needs of the flags. */
type Manner = Pick<CommonFlags, "json" | "color">;

const PATIENCE_MS = 1000;

export class Session<Flags extends Manner = CommonFlags> {
  readonly environment: Environment;
  readonly flags: Flags;
  /** Colours on stdout, or none. */
  readonly palette: Palette;

  constructor(environment: Environment, flags: Flags) {
    this.environment = environment;
    this.flags = flags;
    const { outTerminal, env } = environment;
    this.palette = choosePalette(flags.color && flags.json !== true && wantsColour(outTerminal, env));
  }

  get json(): boolean {
    return this.flags.json === true;
  }

  /** Width that a line may have; unlimited where nobody looks at it. */
  get columns(): number {
    return this.environment.outTerminal ? this.environment.columns() : Number.POSITIVE_INFINITY;
  }

  /** Lines on stdout; resolves when they are written. */
  print(...lines: readonly string[]): Promise<void> {
    return lines.length === 0 ? Promise.resolve() : this.environment.out.write(`${lines.join("\n")}\n`);
  }

  /** The whole result as one JSON document. */
  printJson(value: unknown): Promise<void> {
    return this.print(JSON.stringify(value, null, 2));
  }

  /** One of many results, as a line of JSON. */
  printJsonLine(value: unknown): Promise<void> {
    return this.print(JSON.stringify(value));
  }

  /** Tells a person at a terminal what takes so long; scripts hear nothing. */
  async patiently<T>(what: string, work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      if (this.environment.errTerminal) this.say(`${what} …`);
    }, PATIENCE_MS);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A message for the person: stderr. */
  say(text: string): void {
    void this.environment.err.write(`${text}\n`);
  }
}

export type Work<Flags extends Manner> = (
  session: Session<Flags>,
  args: readonly string[],
) => Promise<CliExit | undefined>;

/** The action of a command: `work` gets its flags and operands, and says how it ends (nothing: well). */
export function performing<Flags extends Manner>(environment: Environment, work: Work<Flags>) {
  return async function perform(this: Command): Promise<void> {
    const session = new Session<Flags>(environment, this.opts<Flags>());
    const exit = await work(session, this.args);
    process.exitCode = CLI_EXIT[exit ?? "ok"].code;
  };
}
