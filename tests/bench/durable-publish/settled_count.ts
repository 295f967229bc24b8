/** A consumer's side: counts what is settled and tells when a target is reached. */
import { sharedNowMs } from "../house/statistics.ts";
import { stdinLines, tell } from "../house/stdin_lines.ts";

export class SettledCount {
  #count = 0;
  #target = Infinity;

  add(count: number): void {
    this.#count += count;
    this.#check();
  }

  /** Each line of stdin is a number: tell when so many are settled in all. */
  async serve(): Promise<void> {
    for await (const line of stdinLines()) {
      this.#target = Number(line);
      this.#check();
    }
  }

  #check(): void {
    if (this.#count < this.#target) return;
    this.#target = Infinity;
    tell("settled", { at: sharedNowMs(), count: this.#count });
  }
}
