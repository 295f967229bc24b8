/** What of a source tree is copied. */
import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** Not source: history, environments, what tools leave behind. */
const SKIPPED_NAMES = new Set([
  ".git",
  ".hg",
  ".svn",
  ".venv",
  "venv",
  ".tox",
  ".nox",
  ".cache",
  "__pycache__",
  "__pypackages__",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
  "node_modules",
]);
/** A virtual environment by any name has this at its top. */
const ENVIRONMENT_FILE = "pyvenv.cfg";

export interface TreeFile {
  /** Relative to the root. */
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly mode: number;
}

export interface LeftOut {
  /** Directories of `SKIPPED_NAMES` and virtual environments. */
  readonly directories: number;
  readonly links: number;
  /** Sockets, pipes, devices. */
  readonly special: number;
  /** Could not be read, the first few with their reason. */
  readonly unreadable: number;
  readonly examples: readonly string[];
}

export interface TreeDirectory {
  readonly path: string;
  readonly mtimeMs: number;
}

export interface TreeMeasure {
  readonly files: readonly TreeFile[];
  /** Without the root; each after the one that it lies in. */
  readonly directories: readonly TreeDirectory[];
  readonly bytes: number;
  readonly leftOut: LeftOut;
}

export interface WalkOptions {
  /** Never entered: the home, when it lies inside the tree. */
  readonly except: string;
  readonly filesMax: number;
  readonly abort: AbortSignal;
  readonly onProgress: (files: number) => void;
}

/** Files that one copy may have: held in memory while it goes on. */
export const FILES_MAX = 1_000_000;
/** Directories between two turns of the event loop. */
const CHUNK = 100;
const EXAMPLES_MAX = 5;

/** Throws when the root cannot be read, when there are too many files, or when aborted. Follows no link. */
export async function measureTree(root: string, options: WalkOptions): Promise<TreeMeasure> {
  readdirSync(root);
  const walk = new Walk(root, options);
  const waiting = [root];
  for (let count = 1; waiting.length > 0; count++) {
    walk.enter(waiting.pop() ?? root, waiting);
    if (count % CHUNK !== 0) continue;
    options.onProgress(walk.files.length);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    options.abort.throwIfAborted();
  }
  return walk.result();
}

class Walk {
  readonly files: TreeFile[] = [];
  readonly #entered: TreeDirectory[] = [];
  readonly #root: string;
  readonly #options: WalkOptions;
  readonly #examples: string[] = [];
  #bytes = 0;
  #directories = 0;
  #links = 0;
  #special = 0;
  #unreadable = 0;

  constructor(root: string, options: WalkOptions) {
    this.#root = root;
    this.#options = options;
  }

  enter(directory: string, waiting: string[]): void {
    let entries: Dirent[];
    try {
      entries = readdirSync(directory, { withFileTypes: true });
    } catch (error) {
      this.#cannotRead(directory, error);
      return;
    }
    if (directory !== this.#root && entries.some(({ name }) => name === ENVIRONMENT_FILE)) {
      this.#directories += 1;
      return;
    }
    if (directory !== this.#root) {
      const path = relative(this.#root, directory);
      this.#entered.push({ path, mtimeMs: lstatSync(directory).mtimeMs });
    }
    for (const entry of entries) this.#look(directory, entry, waiting);
  }

  result(): TreeMeasure {
    const leftOut: LeftOut = {
      directories: this.#directories,
      links: this.#links,
      special: this.#special,
      unreadable: this.#unreadable,
      examples: this.#examples,
    };
    return { files: this.files, directories: this.#entered, bytes: this.#bytes, leftOut };
  }

  #look(directory: string, entry: Dirent, waiting: string[]): void {
    const path = join(directory, entry.name);
    if (entry.isSymbolicLink()) this.#links += 1;
    else if (entry.isDirectory()) {
      if (SKIPPED_NAMES.has(entry.name) || path === this.#options.except) this.#directories += 1;
      else waiting.push(path);
    } else if (entry.isFile()) this.#add(path);
    else this.#special += 1;
  }

  #add(path: string): void {
    if (this.files.length >= this.#options.filesMax) {
      throw new Error(
        `${this.#root} holds more than ${this.#options.filesMax} files; name a smaller tree, or use --in-place`,
      );
    }
    try {
      const { size, mtimeMs, mode } = lstatSync(path);
      this.files.push({ path: relative(this.#root, path), bytes: size, mtimeMs, mode });
      this.#bytes += size;
    } catch (error) {
      this.#cannotRead(path, error);
    }
  }

  #cannotRead(path: string, error: unknown): void {
    this.#unreadable += 1;
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(`${path}: ${String(error)}`);
  }
}
