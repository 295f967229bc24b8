/** Which questions have a line in the investigations log: reads what was added since it was last asked. */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";

export class Answers {
  readonly #log: string;
  readonly #answered = new Set<string>();
  /** Whole lines before it were read. */
  #at = 0;

  constructor(log: string) {
    this.#log = log;
  }

  /** How many of these are answered. */
  countTo(questions: ReadonlySet<string>): number {
    const text = this.#added();
    for (const [, id = ""] of text.matchAll(/"question_id":"([^"]*)"/g)) this.#answered.add(id);
    return this.#answered.intersection(questions).size;
  }

  /** Half a line at the end is left for the next time. */
  #added(): string {
    if (!existsSync(this.#log)) return "";
    const bytes = Buffer.alloc(Math.max(0, statSync(this.#log).size - this.#at));
    const fd = openSync(this.#log, "r");
    const length = readSync(fd, bytes, 0, bytes.length, this.#at);
    closeSync(fd);
    const whole = bytes.subarray(0, length).lastIndexOf("\n") + 1;
    this.#at += whole;
    return bytes.toString("utf8", 0, whole);
  }
}
