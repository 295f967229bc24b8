/** What is known about one Python file. Plain data. */

export interface PythonClass {
  readonly name: string;
  readonly line: number;
  /** As written, without keyword arguments such as `metaclass=…`. */
  readonly bases: readonly string[];
  readonly methods: readonly string[];
  /** What a caller passes: the signature of `__init__` without `self`; null when it has none of its own. */
  readonly constructorArgs: string | null;
  /** First line; null when there is none. */
  readonly docstring: string | null;
  /** Summed over its methods. */
  readonly complexity: number;
}

export interface PythonFunction {
  readonly name: string;
  readonly line: number;
  /** Names, with `*` and `**` where they have them. */
  readonly args: readonly string[];
  /** As written: `(seconds: float = 1.0) -> bytes`. */
  readonly signature: string;
  readonly async: boolean;
  readonly docstring: string | null;
  /** Cyclomatic: 1 + branching points, those of functions inside it included. */
  readonly complexity: number;
}

export interface FileStructure {
  readonly totalLines: number;
  /** Whole text of the module's own docstring; null when there is none. */
  readonly moduleDocstring: string | null;
  /** All docstrings, whole, in the order of the file. */
  readonly docstrings: readonly string[];
  /** Classes at any level, those inside functions left out. */
  readonly classes: readonly PythonClass[];
  /** Functions that belong to no class and no other function. */
  readonly functions: readonly PythonFunction[];
  /** Dotted names as written: `os.path`, `..pkg.mod`, `.sibling`. Each once. */
  readonly imports: readonly string[];
  /** Has an `if __name__ == "__main__"` block. */
  readonly runsAsMain: boolean;
  /** Branching points over the whole file. */
  readonly complexity: number;
  /** First line that the grammar could not make sense of; null when all is well. */
  readonly syntaxErrorLine: number | null;
}

/** Longer names and texts are cut: a generated file must not fill a record. */
export const TEXT_LIMITS = { nameMax: 200, signatureMax: 400, docstringMax: 4_000 } as const;
