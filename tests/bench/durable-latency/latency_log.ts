/** A consumer's side: collects latencies and tells when those of a part are complete. */
import { latenciesOf, sharedNowMs } from "../house/statistics.ts";
import { stdinLines, tell } from "../house/stdin_lines.ts";

export class LatencyLog {
  #values: number[] = [];
  #wanted = Infinity;

  add(dueMs: number): void {
    this.#values.push(sharedNowMs() - dueMs);
    this.#check();
  }

  /** Each line of stdin is a number: how many belong to the next part. */
  async serve(): Promise<void> {
    for await (const line of stdinLines()) {
      this.#wanted = Number(line);
      this.#check();
    }
  }

  #check(): void {
    if (this.#values.length < this.#wanted) return;
    tell("part", { ...latenciesOf(this.#values) });
    this.#values = [];
    this.#wanted = Infinity;
  }
}
