/** Shows how a copy, or a long list of work, goes on: one line that changes on a terminal, a line now and then elsewhere. */
import { megabytes, type CopyProgress } from "./copy_tree.ts";

export interface ProgressOutput {
  readonly terminal: boolean;
  readonly columns: number;
  readonly write: (text: string) => void;
  readonly nowMs: () => number;
}

const REDRAW_MS = 100;
const LINE_MS = 2000;
const BAR_WIDTH = 24;

export class ProgressBar {
  readonly #output: ProgressOutput;
  #lastMs = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  show(progress: CopyProgress): void {
    this.#showText(() => progressText(progress));
  }

  /** `done` of `total` things. */
  count(what: string, done: number, total: number): void {
    this.#showText(() => `${what}: ${shareBar(done / Math.max(1, total))}  ${done} of ${total}`);
  }

  #showText(textOf: () => string): void {
    const { terminal, columns, write, nowMs } = this.#output;
    const now = nowMs();
    if (now - this.#lastMs < (terminal ? REDRAW_MS : LINE_MS)) return;
    this.#lastMs = now;
    const text = textOf();
    if (terminal) {
      this.#drawn = true;
      write(`\r\u001b[2K${text.slice(0, Math.max(10, columns - 1))}`);
    } else write(`${text}\n`);
  }

  /** Takes the changing line away. */
  end(): void {
    if (this.#drawn) this.#output.write("\r\u001b[2K");
    this.#drawn = false;
  }
}

export function progressText(progress: CopyProgress): string {
  const { phase, files, filesTotal, bytes, bytesTotal } = progress;
  if (phase === "measuring") return `copying: ${files} files found so far`;
  const bar = shareBar(bytesTotal === 0 ? 1 : bytes / bytesTotal);
  return `copying: ${bar}  ${files} of ${filesTotal} files, ${megabytes(bytes)} of ${megabytes(bytesTotal)}`;
}

function shareBar(share: number): string {
  const full = Math.round(share * BAR_WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)} ${percent} %`;
}
