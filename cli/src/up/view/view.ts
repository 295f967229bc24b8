/**
 * What `up` shows, in one of three ways: lines for people, lines of JSON for programs, or only what went wrong. Everything
 * that is shown passes here.
 */
import type { Envelope } from "@kloros/signal-schema";
import { ChainMemory } from "../flow/chain_memory.ts";
import { printable } from "../flow/describe_facts.ts";
import { flowLine, milliseconds } from "../flow/flow_line.ts";
import type { LogRecord } from "../log_record.ts";
import type { ServiceEvent } from "../service_process.ts";
import { choosePalette, type Palette } from "./palette.ts";

export type ViewMode = "lines" | "json" | "quiet";

export interface ViewOptions {
  readonly mode: ViewMode;
  readonly coloured: boolean;
  readonly write: (text: string) => void;
}

/** Lines of one kind a second; more are counted. */
const RECORDS_MAX = 20;
const WINDOW_MS = 1000;

export class View {
  readonly palette: Palette;
  readonly #options: ViewOptions;
  readonly #chains = new ChainMemory();
  #windowMs = 0;
  #records = 0;
  #leftOut = 0;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.palette = choosePalette(options.coloured && options.mode !== "json");
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
    } else if (this.mode === "lines") this.#line(flowLine(signal, place, { palette: this.palette, dry }));
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

  record(record: LogRecord, nowMs: number): void {
    if (!this.#admits(nowMs)) return;
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

  #admits(nowMs: number): boolean {
    if (nowMs - this.#windowMs >= WINDOW_MS) {
      const leftOut = this.#leftOut;
      this.#windowMs = nowMs;
      this.#records = 0;
      this.#leftOut = 0;
      if (leftOut > 0) this.problem(`${leftOut} more warnings and errors: see the logs`);
    }
    this.#records += 1;
    if (this.#records <= RECORDS_MAX) return true;
    this.#leftOut += 1;
    return false;
  }

  #json(event: string, fields: object): void {
    this.#options.write(`${JSON.stringify({ event, ...fields })}\n`);
  }

  #line(text: string): void {
    this.#options.write(`${text}\n`);
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
  killed: (name, { pid }) => `${name} (pid ${pid}) did not end in time and was killed`,
};

function describeEvent(name: string, event: ServiceEvent): string | undefined {
  const describe = EVENT_TEXTS[event.kind] as Describe<EventKind>;
  return describe(name, event);
}
