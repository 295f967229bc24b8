/** How far a run is, for a person or a program. */
import type { ProgressLine } from "../types.ts";

export type Progress = ProgressLine["progress"];

export interface ProgressReporter {
  /** May be called as often as something changes. */
  update(progress: Progress): void;
  /** The last word. */
  close(): void;
}

/** At most four lines a second, the last one included. */
const LINE_INTERVAL_MS = 340;
const BAR_INTERVAL_MS = 100;
const BAR_CELLS = 24;
const BAR_CELLS_MIN = 4;
/** A person reads what is said after it; the bar itself is not kept. */
export const CLEARED_LINE = "\r\u001b[2K";

export const noProgress: ProgressReporter = { update: () => undefined, close: () => undefined };

export interface ReporterOptions {
  readonly write: (text: string) => void;
  readonly nowMs: () => number;
}

/** One JSON object a line. */
export function jsonProgress({ write, nowMs }: ReporterOptions): ProgressReporter {
  const show = (progress: Progress): void => {
    const line: ProgressLine = { progress };
    write(`${JSON.stringify(line)}\n`);
  };
  return throttled({ show, close: () => undefined, intervalMs: LINE_INTERVAL_MS, nowMs });
}

/** A line that redraws itself; it stays one line in a terminal of `columns()` characters. */
export function barProgress({
  write,
  nowMs,
  columns,
}: ReporterOptions & { readonly columns: () => number }): ProgressReporter {
  const show = (progress: Progress): void => {
    write(`${CLEARED_LINE}${barText(progress, columns())}`);
  };
  return throttled({ show, close: () => write(CLEARED_LINE), intervalMs: BAR_INTERVAL_MS, nowMs });
}

/** Where there is little room the bar is shorter, or left out. */
export function barText(progress: Progress, columns = Number.POSITIVE_INFINITY): string {
  const {
    experiment,
    experiments_done: done,
    experiments,
    generation,
    candidates,
    candidates_max: max,
  } = progress;
  const share = max === null || max === 0 ? 0 : Math.min(1, candidates / max);
  const best =
    progress.best_fitness === null ? "" : ` · best ${String(Number(progress.best_fitness.toPrecision(6)))}`;
  const failed = progress.failed === 0 ? "" : ` · ${String(progress.failed)} failed`;
  const which = experiments > 1 ? ` (${String(Math.min(done + 1, experiments))}/${String(experiments)})` : "";
  const name = `${experiment}${which}`;
  const rest = `${String(candidates)}${max === null ? "" : `/${String(max)}`} · generation ${String(generation)}${best}${failed} · ${String(Math.round(progress.elapsed_s))} s`;
  // A character in the last column makes some terminals begin a new line.
  const room = columns - 1;
  const cells = Math.min(BAR_CELLS, room - name.length - rest.length - 2);
  if (cells < BAR_CELLS_MIN) return `${name} ${rest}`.slice(0, room);
  const full = Math.round(share * cells);
  return `${name} ${"█".repeat(full)}${"░".repeat(cells - full)} ${rest}`;
}

interface Throttled {
  readonly show: (progress: Progress) => void;
  readonly close: () => void;
  readonly intervalMs: number;
  readonly nowMs: () => number;
}

/** What comes too soon is shown when it may be, unless something newer came. */
function throttled({ show, close, intervalMs, nowMs }: Throttled): ProgressReporter {
  let waiting: Progress | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === undefined) return;
    show(waiting);
    waiting = undefined;
    lastMs = nowMs();
  };
  return {
    update(progress) {
      waiting = progress;
      const restMs = lastMs + intervalMs - nowMs();
      if (restMs <= 0) flush();
      else timer ??= setTimeout(flush, restMs);
    },
    close() {
      flush();
      close();
    },
  };
}
