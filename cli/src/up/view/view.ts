/**
 * What `up` shows, in one of three ways: lines for people, lines of JSON for programs, or only what went wrong. Everything
 * that is shown passes here.
 */
import type { Envelope } from "@kloros/signal-schema";
import { ChainMemory } from "../../view/chain_memory.ts";
import { describeFacts, printable } from "../../view/describe_facts.ts";
import { flowLine, milliseconds } from "../../view/flow_line.ts";
import type { LogRecord } from "../log_record.ts";
import type { ServiceEvent } from "../service_process.ts";
import { ChangingLine } from "./changing_line.ts";
import { LineRate } from "./line_rate.ts";
import { choosePalette, type Palette } from "../../view/palette.ts";

export type ViewMode = "lines" | "json" | "quiet";

export interface ViewOptions {
  readonly mode: ViewMode;
  readonly coloured: boolean;
  readonly write: (text: string) => void;
  readonly nowMs: () => number;
  /** Of the terminal; absent: lines may be of any length. */
  readonly columns?: (() => number) | undefined;
}

/** Lines a second; more are counted and summed up. */
const FLOW_LINES_MAX = 200;
const RECORDS_MAX = 20;
/** What a service tells itself. */
const NO_NEWS: ReadonlySet<string> = new Set(["Q_POLICY_DUE"]);
/** Says how far something is that goes on for long. */
const PROGRESS = "Q_DREAM_PROGRESS";
/** After these nothing of it goes on. */
const PROGRESS_ENDS: ReadonlySet<string> = new Set(["Q_DREAM_COMPLETE", "Q_DREAM_TIMEOUT"]);

export class View {
  readonly palette: Palette;
  readonly #options: ViewOptions;
  readonly #chains = new ChainMemory();
  readonly #flow: LineRate;
  readonly #records: LineRate;
  readonly #progress: ChangingLine;

  constructor(options: ViewOptions) {
    this.#options = options;
    const onLeftOut = (leftOut: ReadonlyMap<string, number>): void => {
      this.#sayLeftOut(leftOut);
    };
    this.#flow = new LineRate({ perSecond: FLOW_LINES_MAX, nowMs: options.nowMs, onLeftOut });
    this.#records = new LineRate({ perSecond: RECORDS_MAX, nowMs: options.nowMs, onLeftOut });
    this.palette = choosePalette(options.coloured && options.mode !== "json");
    this.#progress = new ChangingLine({ ...options, columns: options.columns, style: this.palette.faint });
  }

  get mode(): ViewMode {
    return this.#options.mode;
  }

  /** A line of the header, of the summary, or about what `up` does. Not shown when quiet. */
  note(text: string, fields: object = {}): void {
    if (this.mode === "json") this.#json("note", { text, ...fields });
    else if (this.mode === "lines") this.#line(text);
  }

  /** Shown also when quiet. */
  problem(text: string, fields: object = {}): void {
    if (this.mode === "json") this.#json("problem", { text, ...fields });
    else this.#line(this.palette.bad(text));
  }

  signal(signal: Envelope, dry = false): void {
    const place = this.#chains.place(signal);
    const { sinceCauseMs, sinceRootMs, depth } = place;
    if (this.mode === "json") {
      const latency = { depth, since_cause_ms: sinceCauseMs, since_root_ms: sinceRootMs };
      this.#json("signal", { ...(dry ? { dry } : {}), ...latency, signal });
    } else if (this.mode === "lines" && signal.signal === PROGRESS) {
      this.#showProgress(signal);
    } else if (this.mode === "lines" && !NO_NEWS.has(signal.signal) && this.#flow.admits(signal.signal)) {
      if (PROGRESS_ENDS.has(signal.signal)) this.#progress.end();
      const width = this.#options.columns?.();
      this.#line(flowLine(signal, place, { palette: this.palette, dry, width }));
    }
  }

  #showProgress(signal: Envelope): void {
    const about = String(signal.facts["run_tag"]);
    this.#progress.show(about, `D-REAM: ${describeFacts(signal)}`);
  }

  /** Says what was left out since the last time. */
  flush(): void {
    this.#sayLeftOut(this.#flow.takeLeftOut());
    this.#sayLeftOut(this.#records.takeLeftOut());
  }

  #sayLeftOut(leftOut: ReadonlyMap<string, number>): void {
    if (leftOut.size === 0) return;
    const counts = [...leftOut].map(([name, count]) => `${count} ${name}`);
    this.note(this.palette.faint(`… and faster than can be read: ${counts.join(", ")}`));
  }

  service(name: string, event: ServiceEvent): void {
    if (this.mode === "json") {
      this.#json("service", { service: name, ...event });
      return;
    }
    const said = describeEvent(name, event);
    if (said === undefined) return;
    const { good, warn, bad, faint } = this.palette;
    if (event.kind === "ready" || event.kind === "started") {
      if (this.mode === "lines") this.#line(event.kind === "ready" ? good(said) : faint(said));
    } else this.#line(event.kind === "gave_up" ? bad(said) : warn(said));
  }

  record(record: LogRecord): void {
    if (!this.#records.admits(`${record.level} of ${record.service}`)) return;
    if (this.mode === "json") {
      this.#json("log", { ...record });
      return;
    }
    const why = record.why === undefined || record.message.includes(record.why) ? "" : ` (${record.why})`;
    const text = printable(`${record.service} ${record.level}: ${record.message}${why}`);
    this.#line(record.level === "warn" ? this.palette.warn(text) : this.palette.bad(text));
  }

  /** One object with all that is known at the end. */
  result(fields: object): void {
    if (this.mode === "json") this.#json("summary", fields);
  }

  #json(event: string, fields: object): void {
    this.#options.write(`${JSON.stringify({ event, ...fields })}\n`);
  }

  #line(text: string): void {
    this.#progress.above(text);
  }
}

type EventKind = ServiceEvent["kind"];
type Describe<Kind extends EventKind> = (
  name: string,
  event: Extract<ServiceEvent, { readonly kind: Kind }>,
) => string | undefined;

const EVENT_TEXTS: { readonly [Kind in EventKind]: Describe<Kind> } = {
  started: () => undefined,
  ready: (name, { pid, afterMs }) => `${name} is ready (pid ${pid}, ${milliseconds(afterMs)})`,
  not_ready: (name, { why }) => `${name} cannot work at the moment: ${printable(why)}`,
  died: (name, { how, delayMs }) => `${name} died (${how}); it is started again in ${milliseconds(delayMs)}`,
  gave_up: (name, { how, said }) =>
    [`${name} ended with ${how} and is not started again:`, ...said.map(printable)].join("\n  "),
  log_failed: (name, { path, why }) =>
    `${name}: ${path} cannot be written (${printable(why)}); its lines are lost`,
  killed: (name, { pid }) => `${name} (pid ${pid}) did not end in time and was killed`,
};

function describeEvent(name: string, event: ServiceEvent): string | undefined {
  const describe = EVENT_TEXTS[event.kind] as Describe<EventKind>;
  return describe(name, event);
}
