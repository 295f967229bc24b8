/** How `kloros-dream` ends. Above 2 the numbers follow sysexits.h, as those of the services do. */
export const CYCLE_EXIT = {
  ok: { code: 0, meaning: "at least one experiment has a winner, or what was asked for was shown" },
  failed: {
    code: 1,
    meaning: "no experiment has a winner: all candidates failed or the time was over; the report says why",
  },
  usage: { code: 64, meaning: "the command line cannot be understood; stderr says what is allowed" },
  crashed: { code: 70, meaning: "an error that nobody expected" },
  paths: { code: 73, meaning: "results cannot be written where they should go" },
  config: { code: 78, meaning: "dream.yaml is wrong or has nothing to run; all errors were listed" },
  stopped: { code: 143, meaning: "ended by SIGTERM or SIGINT; the report is written, no winner is" },
} as const;
