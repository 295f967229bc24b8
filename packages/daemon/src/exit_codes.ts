/** How a daemon ends. The numbers follow sysexits.h, so that systemd and people can tell them apart. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: "stopped in order after SIGTERM or SIGINT, or printed what was asked for" },
  failed: { code: 1, meaning: "the service could not start; the last log line says why" },
  usage: { code: 64, meaning: "unknown or incomplete command line flag" },
  crashed: { code: 70, meaning: "an error that nobody caught; it was logged as fatal" },
  unavailable: { code: 69, meaning: "the bus refused this service for good" },
  held: { code: 75, meaning: "another instance of this service runs on this home; its pid was named" },
  paths: { code: 73, meaning: "a directory is missing, not writable or somebody else's" },
  config: { code: 78, meaning: "the configuration is wrong; all errors were listed" },
  interrupted: { code: 130, meaning: "a second SIGTERM or SIGINT ended it before it had drained" },
} as const;

export type ExitName = keyof typeof EXIT_CODES;

export function exitCode(name: ExitName): number {
  return EXIT_CODES[name].code;
}
