/** A file that shows the newest of many changes: written once for those that come close together. */
import { pause, writeFileAtomic } from "@kloros/daemon";
import type { Logger } from "@kloros/daemon";

export interface ViewFile {
  /** Shows what `content` gives when the file is written, which is soon. */
  show(content: () => object): void;
  /** Resolves when the newest is written. */
  flush(): Promise<void>;
}

const GATHER_MS = 500;

export function openViewFile(path: string, log: Pick<Logger, "warn">, stopping: AbortSignal): ViewFile {
  let waiting: (() => object) | undefined;
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    await pause(GATHER_MS, stopping);
    while (waiting !== undefined) {
      const content = waiting;
      waiting = undefined;
      try {
        await writeFileAtomic(path, `${JSON.stringify(content(), undefined, 2)}\n`);
      } catch (error) {
        log.warn(
          { file: path, error },
          "what the engine remembers is not shown; it is remembered all the same",
        );
      }
    }
    writing = undefined;
  }

  return {
    show: (content) => {
      waiting = content;
      writing ??= writeAll();
    },
    flush: async () => {
      if (writing !== undefined) await writing;
    },
  };
}
