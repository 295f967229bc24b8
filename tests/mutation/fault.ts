/** A planted fault: one exact text of the code becomes another, and a promise with it untrue. Data only. */
export interface Fault {
  /** What `--only` takes; kebab-case, one of its kind. */
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly before: string;
  readonly after: string;
  /** The promise that does not hold any more. */
  readonly breaks: string;
  /** What `bun test` is given: files or folders of which at least one test has to fail, from the root. */
  readonly tests: readonly string[];
}

/** Throws with what is wrong when `before` does not stand exactly once in `text`, or nothing would change. */
export function plant(fault: Fault, text: string): string {
  const parts = text.split(fault.before);
  if (parts.length !== 2) {
    throw new Error(
      `fault ${fault.name}: its text stands ${String(parts.length - 1)} times in ${fault.file}, not once: ${JSON.stringify(fault.before)}. The code has changed: write the fault anew`,
    );
  }
  if (fault.before === fault.after) throw new Error(`fault ${fault.name} changes nothing in ${fault.file}`);
  return parts.join(fault.after);
}
