import { parseArgs } from "node:util";
import { messageOf } from "../message_of.ts";

export interface Flags {
  readonly home?: string;
  readonly source?: string;
  readonly runtime?: string;
  readonly config?: string;
  readonly mode?: "act" | "observe";
  readonly logLevel?: string;
  readonly assignments: readonly string[];
  readonly printConfig: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** A command line that cannot be understood. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const OPTIONS = {
  home: { type: "string" },
  source: { type: "string" },
  runtime: { type: "string" },
  config: { type: "string" },
  set: { type: "string", multiple: true },
  observe: { type: "boolean" },
  act: { type: "boolean" },
  "log-level": { type: "string" },
  "print-config": { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

/** Throws `UsageError`. */
export function parseFlags(argv: readonly string[]): Flags {
  const values = read(argv);
  if (values.observe === true && values.act === true) {
    throw new UsageError("--observe and --act exclude each other; give one of them");
  }
  const mode = values.observe === true ? "observe" : values.act === true ? "act" : undefined;
  return {
    ...(values.home === undefined ? {} : { home: values.home }),
    ...(values.source === undefined ? {} : { source: values.source }),
    ...(values.runtime === undefined ? {} : { runtime: values.runtime }),
    ...(values.config === undefined ? {} : { config: values.config }),
    ...(mode === undefined ? {} : { mode }),
    ...(values["log-level"] === undefined ? {} : { logLevel: values["log-level"] }),
    assignments: values.set ?? [],
    printConfig: values["print-config"] ?? false,
    help: values.help ?? false,
    version: values.version ?? false,
  };
}

function read(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(`${messageOf(error)}; see --help`, {
      cause: error,
    });
  }
}
