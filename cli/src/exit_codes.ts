/** How `kloros` ends. Above 2 the numbers follow sysexits.h, as those of the services do. */
export const CLI_EXIT = {
  ok: { code: 0, meaning: "done, or shown" },
  negative: { code: 1, meaning: "a clear no: nothing found, refused, or not well; stderr says why" },
  usage: { code: 2, meaning: "the command line cannot be understood; stderr says what is allowed" },
  unavailable: { code: 69, meaning: "the bus does not answer or refuses; stderr says how to start it" },
  crashed: { code: 70, meaning: "an error that nobody expected" },
  held: { code: 75, meaning: "the bus or `up` runs on this home; its pid was named" },
  config: { code: 78, meaning: "the configuration is wrong; all errors were listed" },
  interrupted: { code: 130, meaning: "ended by Ctrl-C before it was done" },
} as const;

export type CliExit = keyof typeof CLI_EXIT;

/** Ends a command with a message on stderr. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exit: CliExit;
  constructor(exit: CliExit, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
  }
}
