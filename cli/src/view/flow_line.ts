/** One signal as a line of the flow. Pure. */
import type { Envelope } from "@kloros/signal-schema";
import type { Palette } from "./palette.ts";
import type { ChainPlace } from "./chain_memory.ts";
import { describeFacts, printable } from "./describe_facts.ts";

const SOURCE_WIDTH = 22;
const INDENT_MAX = 8;

export interface FlowLineOptions {
  readonly palette: Palette;
  /** Observe mode: it was decided, not said. */
  readonly dry: boolean;
}

export function flowLine(signal: Envelope, place: ChainPlace, { palette, dry }: FlowLineOptions): string {
  const time = new Date(signal.timestamp).toISOString().slice(11, 23);
  const arrow = place.depth === 0 ? "● " : `${"  ".repeat(Math.min(place.depth, INDENT_MAX) - 1)}└▶ `;
  const source = printable(signal.source).padEnd(SOURCE_WIDTH);
  const says = describeFacts(signal);
  const parts = [
    palette.faint(time),
    palette.mark(place.mark),
    palette.source(source),
    `${palette.faint(arrow)}${palette.signal(printable(signal.signal))}${dry ? palette.warn(" (not sent)") : ""}`,
    says,
    palette.faint(latency(place)),
  ];
  return parts.filter((part) => part !== "").join("  ");
}

export function latency({ sinceCauseMs, sinceRootMs }: ChainPlace): string {
  if (sinceCauseMs === undefined) return "";
  const since = `+${milliseconds(sinceCauseMs)}`;
  return sinceRootMs === undefined ? since : `${since}, ${milliseconds(sinceRootMs)} since the first`;
}

export function milliseconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}
