/**
 * Keeps `semantic_evidence.json` up to date without writing the whole file for each module: updates are collected and
 * written together. Between writes the file is read again only when somebody else changed it.
 */
import { readFileSync, renameSync, statSync } from "node:fs";
import { type Logger, messageOf, writeFileAtomic } from "@kloros/daemon";
import { deeperThan } from "@kloros/signal-schema";
import { applyUpdate, type EvidenceFile, type EvidenceUpdate, valueOf } from "./evidence.ts";
import type { PendingUpdates } from "./pending_updates.ts";

export interface EvidenceViewOptions {
  readonly path: string;
  /** Null in observe mode: nothing is written, nothing is moved. */
  readonly pending: PendingUpdates | null;
  readonly log: Logger;
  /** For the name of a damaged file that is put aside. */
  readonly wallMs: () => number;
}

export class EvidenceView {
  readonly #options: EvidenceViewOptions;
  #waiting: EvidenceUpdate[] = [];
  #content: EvidenceFile = {};
  /** Identity of the file that `#content` was read from or written to. */
  #seen = "";
  #problem: string | undefined;

  constructor(options: EvidenceViewOptions) {
    this.#options = options;
    this.#waiting = options.pending?.read() ?? [];
    this.#refresh();
  }

  /** The module's entry as the file will have it; undefined when there is none. */
  entry(module: string): unknown {
    this.#refresh();
    const waiting = this.#waiting.findLast((update) => update.module === module);
    return waiting?.entry ?? valueOf(this.#content, module);
  }

  modules(): string[] {
    this.#refresh();
    return [...Object.keys(this.#content), ...this.#waiting.map(({ module }) => module)];
  }

  /** Durable when it returns, in the file after the next `write()`. */
  add(update: EvidenceUpdate): void {
    if (this.#options.pending === null) return;
    this.#options.pending.add(update);
    this.#waiting.push(update);
  }

  /** Why the file is not up to date and will not be soon; undefined when all is well. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** Writes what waits, if anything does. @throws the file system's error; what waits goes on waiting. */
  async write(): Promise<void> {
    const { pending, path } = this.#options;
    if (pending === null || this.#waiting.length === 0) return;
    try {
      const writing = [...this.#waiting];
      const deleteWritten = pending.turn();
      this.#refresh();
      // A copy: what is in memory changes only when the file has changed.
      const content = structuredClone(this.#content);
      for (const update of writing) applyUpdate(content, update);
      await writeFileAtomic(path, `${JSON.stringify(content, null, 2)}\n`);
      this.#content = content;
      this.#seen = identityOf(path);
      this.#waiting = this.#waiting.slice(writing.length);
      deleteWritten();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = `cannot write ${path}: ${messageOf(error)}`;
      throw error;
    }
  }

  async close(): Promise<void> {
    try {
      await this.write();
    } finally {
      this.#options.pending?.close();
    }
  }

  #refresh(): void {
    const identity = identityOf(this.#options.path);
    if (identity === this.#seen) return;
    this.#content = identity === "" ? {} : this.#read();
    this.#seen = identityOf(this.#options.path);
  }

  #read(): EvidenceFile {
    const { path } = this.#options;
    try {
      return parseEvidence(readFileSync(path, "utf8"));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#putAside(error.message);
      return {};
    }
  }

  #putAside(why: string): void {
    const { path, log, pending, wallMs } = this.#options;
    if (pending === null) {
      log.error({ path, why }, `${path} is damaged (${why}); it is read as empty`);
      return;
    }
    const aside = `${path}.damaged-${wallMs()}`;
    renameSync(path, aside);
    log.error(
      { path, aside, why },
      `${path} is damaged (${why}); it is kept as ${aside} and begun anew: repair and merge it by hand`,
    );
  }
}

/** What nests by the ten thousand can be read and not be written again. */
const DEPTH_MAX = 100;

/** @throws SyntaxError when it is not a JSON object. */
function parseEvidence(text: string): EvidenceFile {
  const content: unknown = JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new SyntaxError("it is no JSON object");
  }
  if (deeperThan(content, DEPTH_MAX)) throw new SyntaxError(`it nests deeper than ${DEPTH_MAX} levels`);
  return content as EvidenceFile;
}

/** Empty when there is no file. */
function identityOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "" : `${found.ino}/${found.size}/${found.mtimeMs}`;
}
