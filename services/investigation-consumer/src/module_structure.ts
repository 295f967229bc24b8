/**
 * What is known about a module: its files' structures put together, within limits. Pure.
 *
 * The shape goes into the record as `structure`: classes and functions are objects with a `name`, imports and docstrings
 * are strings.
 */
import type { FileStructure, PythonClass, PythonFunction } from "./python/file_structure.ts";

export interface InFile {
  /** Relative to the module's directory. */
  readonly file: string;
}

export interface FileProblem extends InFile {
  readonly problem: string;
}

export interface ModuleStructure {
  readonly classes: readonly (PythonClass & InFile)[];
  readonly functions: readonly (PythonFunction & InFile)[];
  /** Sorted, each once. */
  readonly imports: readonly string[];
  readonly docstrings: readonly string[];
  readonly total_lines: number;
}

export interface ModuleFindings {
  readonly structure: ModuleStructure;
  /** Files parsed without an error, relative to the module. */
  readonly files: readonly string[];
  readonly problems: readonly FileProblem[];
  /** Docstring of the module's own files, the shallowest and `__init__.py` first. */
  readonly moduleDocstring: string | null;
  /** How it is started: `__main__.py`, `tool.py: __main__`, `tool.py: main()`. */
  readonly entryPoints: readonly string[];
  readonly complexity: number;
  /** A limit left something out; the text says which. */
  readonly limits: readonly string[];
}

/** Of one record. The largest real module seen has 900 classes; a record of these sizes is about 10 MB. */
export const STRUCTURE_LIMITS = {
  classesMax: 10_000,
  functionsMax: 10_000,
  importsMax: 5_000,
  docstringsMax: 10_000,
  docstringCharactersMax: 2_000_000,
  problemsMax: 1_000,
} as const;

/** Collects file by file, so that nothing but the result is kept. */
export class ModuleCollector {
  readonly #classes: (PythonClass & InFile)[] = [];
  readonly #functions: (PythonFunction & InFile)[] = [];
  readonly #imports = new Set<string>();
  readonly #docstrings: string[] = [];
  readonly #files: string[] = [];
  readonly #problems: FileProblem[] = [];
  readonly #entryPoints: string[] = [];
  readonly #limits = new Set<string>();
  #docstringCharacters = 0;
  #totalLines = 0;
  #complexity = 0;
  #moduleDocstring: { readonly depth: number; readonly text: string } | null = null;

  problem(file: string, problem: string): void {
    this.#within(this.#problems.length, "problemsMax", () => this.#problems.push({ file, problem }));
  }

  limitReached(text: string): void {
    this.#limits.add(text);
  }

  /** A file with a syntax error adds what could be read of it, and counts as a problem instead of as a file. */
  add(file: string, found: FileStructure): void {
    if (found.syntaxErrorLine === null) this.#files.push(file);
    else this.problem(file, `syntax error at line ${found.syntaxErrorLine}`);
    this.#totalLines += found.totalLines;
    this.#complexity += found.complexity;
    for (const each of found.classes) {
      this.#within(this.#classes.length, "classesMax", () => this.#classes.push({ ...each, file }));
    }
    for (const each of found.functions) {
      this.#within(this.#functions.length, "functionsMax", () => this.#functions.push({ ...each, file }));
    }
    for (const name of found.imports) {
      this.#within(this.#imports.size, "importsMax", () => this.#imports.add(name));
    }
    for (const text of found.docstrings) this.#addDocstring(text);
    this.#noteEntryPoints(file, found);
    this.#noteModuleDocstring(file, found);
  }

  finish(): ModuleFindings {
    return {
      structure: {
        classes: this.#classes,
        functions: this.#functions,
        imports: [...this.#imports].toSorted(),
        docstrings: this.#docstrings,
        total_lines: this.#totalLines,
      },
      files: this.#files,
      problems: this.#problems,
      moduleDocstring: this.#moduleDocstring?.text ?? null,
      entryPoints: this.#entryPoints,
      complexity: this.#complexity,
      limits: [...this.#limits],
    };
  }

  #within(size: number, limit: keyof typeof STRUCTURE_LIMITS, add: () => void): void {
    if (size < STRUCTURE_LIMITS[limit]) add();
    else this.limitReached(`${limit}=${STRUCTURE_LIMITS[limit]}`);
  }

  #addDocstring(text: string): void {
    const characters = this.#docstringCharacters + text.length;
    this.#within(characters, "docstringCharactersMax", () =>
      this.#within(this.#docstrings.length, "docstringsMax", () => {
        this.#docstrings.push(text);
        this.#docstringCharacters = characters;
      }),
    );
  }

  #noteEntryPoints(file: string, found: FileStructure): void {
    if (file === "__main__.py" || file.endsWith("/__main__.py")) this.#entryPoints.push(file);
    else if (found.runsAsMain) this.#entryPoints.push(`${file}: __main__`);
    if (found.functions.some(({ name }) => name === "main")) this.#entryPoints.push(`${file}: main()`);
  }

  #noteModuleDocstring(file: string, found: FileStructure): void {
    if (found.moduleDocstring === null) return;
    const depth = file.split("/").length * 2 - (file.endsWith("__init__.py") ? 1 : 0);
    if (this.#moduleDocstring !== null && this.#moduleDocstring.depth <= depth) return;
    this.#moduleDocstring = { depth, text: found.moduleDocstring };
  }
}
