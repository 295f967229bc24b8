/** One signal as a line of the flow. Pure. */
import type { Envelope } from "@kloros/signal-schema";
import type { Palette } from "./palette.ts";
import type { ChainPlace } from "./chain_memory.ts";
import { describeFacts, printable, shorten } from "./describe_facts.ts";

const SOURCE_WIDTH = 22;
const INDENT_MAX = 8;
const GAP = "  ";
/** So much of what it says is always shown. */
const SAYS_MIN = 32;

export interface FlowLineOptions {
  readonly palette: Palette;
  /** Observe mode: it was decided, not said. */
  readonly dry: boolean;
  /** Of a line, characters; undefined: any. What the signal says is cut, the rest never. */
  readonly width?: number | undefined;
}

export function flowLine(signal: Envelope, place: ChainPlace, options: FlowLineOptions): string {
  const { palette, dry, width } = options;
  const arrow = place.depth === 0 ? "● " : `${"  ".repeat(Math.min(place.depth, INDENT_MAX) - 1)}└▶ `;
  const time = new Date(signal.timestamp).toISOString().slice(11, 23);
  const source = printable(signal.source).padEnd(SOURCE_WIDTH);
  const name = printable(signal.signal);
  const notSent = dry ? " (not sent)" : "";
  const since = latency(place);
  const fixed = [time, place.mark, source, `${arrow}${name}${notSent}`, "", since].join(GAP).length;
  const says = shorten(
    describeFacts(signal),
    Math.max(SAYS_MIN, (width ?? Number.POSITIVE_INFINITY) - fixed),
  );
  const parts = [
    palette.faint(time),
    palette.mark(place.mark),
    palette.source(source),
    `${palette.faint(arrow)}${palette.signal(name)}${palette.warn(notSent)}`,
    says,
    palette.faint(since),
  ];
  return parts.filter((part) => part !== "").join(GAP);
}

function latency({ sinceCauseMs, sinceRootMs }: ChainPlace): string {
  if (sinceCauseMs === undefined) return "";
  const since = `+${milliseconds(sinceCauseMs)}`;
  return sinceRootMs === undefined ? since : `${since}, ${milliseconds(sinceRootMs)} in all`;
}

export function milliseconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}
