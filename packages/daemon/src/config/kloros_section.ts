import { Type, type Static } from "@sinclair/typebox";

const directory = (description: string) =>
  Type.String({ default: "", description: `${description} Empty: the default place.` });

/** Section `[kloros]`: what every service and the command line need to know alike. */
export const CommonConfig = Type.Object({
  home: directory("Directory of the installation."),
  source: directory("Root of the source tree that the system looks at."),
  runtime: directory("Directory for sockets and locks, 0700."),
  state: directory("Directory for the journal and other state, 0700."),
  logs: directory("Directory for what cycles and `up` write down of their programs."),
  mode: Type.Union([Type.Literal("auto"), Type.Literal("act"), Type.Literal("observe")], {
    default: "auto",
    description:
      "observe: decide and show, change nothing. auto: observe in a home that this software did not create.",
  }),
  logLevel: Type.Union(
    (["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const).map((level) =>
      Type.Literal(level),
    ),
    { default: "info", description: "Least level that is logged; bodies of signals appear at debug." },
  ),
  logFormat: Type.Union([Type.Literal("auto"), Type.Literal("json"), Type.Literal("pretty")], {
    default: "auto",
    description: "auto: pretty on a terminal, JSON lines otherwise.",
  }),
  logSignalLinesMax: Type.Integer({
    default: 50,
    minimum: 1,
    description: "Lines about signals a second; more are counted and summed up in one line.",
  }),
  drainGraceMs: Type.Integer({
    default: 10_000,
    minimum: 0,
    maximum: 3_600_000,
    description: "How long work in progress may go on after SIGTERM.",
  }),
  busEndpoint: Type.String({
    default: "",
    description: "Where the bus takes requests. Empty: bus.sock in the runtime directory.",
  }),
  liveEndpoint: Type.String({
    default: "",
    description: "Live feed of the bus. Empty: live.sock in the runtime directory.",
  }),
  busAwayMaxMs: Type.Integer({
    default: 900_000,
    minimum: 0,
    description: "How long the bus may be away before the watchdog counts it as no progress; 0: for ever.",
  }),
});

export type CommonSettings = Static<typeof CommonConfig>;
