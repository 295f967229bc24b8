/** From source text to what the file contains. Synchronous; the syntax tree is freed before it returns. */
import type { Node, QueryCapture, Tree } from "web-tree-sitter";
import {
  argsOf,
  basesOf,
  docstring,
  docstringIn,
  importedNames,
  isAsync,
  isMainGuard,
  nameOf,
  signatureOf,
  withoutSelf,
} from "./definitions.ts";
import { firstLine } from "./docstring.ts";
import type { FileStructure, PythonClass, PythonFunction } from "./file_structure.ts";
import type { PythonParser } from "./parser.ts";

export interface ExtractOptions {
  /**
   * Parsing blocks the event loop, and with it the heartbeats of all investigations under way; and a few kinds of text
   * (100,000 open brackets) take the parser minutes. Real files of 1 MiB take half a second.
   */
  readonly msMax: number;
}

/** Undefined when the text takes longer than `msMax`. */
export function extractStructure(
  { parser, query }: PythonParser,
  source: string,
  { msMax }: ExtractOptions,
): FileStructure | undefined {
  const endsAt = performance.now() + msMax;
  let overdue = false;
  const progressCallback = (): boolean => (overdue ||= performance.now() > endsAt);
  const tree = parser.parse(source, null, { progressCallback });
  try {
    if (overdue) return undefined;
    if (tree === null) throw new Error("the parser gave no tree: it has no language set");
    const captures = query.captures(tree.rootNode, { progressCallback });
    return overdue ? undefined : read(tree, captures, source);
  } finally {
    tree?.delete();
    parser.reset();
  }
}

/** A class or function that is being read, with what was found inside it so far. */
interface Open {
  readonly kind: "class" | "function";
  readonly node: Node;
  readonly name: string;
  readonly endIndex: number;
  /** Inside a function: part of how that function works, not of what the module offers. */
  readonly hidden: boolean;
  readonly parent: Open | undefined;
  readonly docstring: string | null;
  readonly methods: string[];
  constructorArgs: string | null;
  complexity: number;
}

interface Draft {
  readonly docstrings: string[];
  readonly classes: PythonClass[];
  readonly functions: PythonFunction[];
  readonly imports: Set<string>;
  moduleDocstring: string | null;
  runsAsMain: boolean;
  complexity: number;
}

function read(tree: Tree, captures: readonly QueryCapture[], source: string): FileStructure {
  const draft: Draft = {
    docstrings: [],
    classes: [],
    functions: [],
    imports: new Set(),
    moduleDocstring: null,
    runsAsMain: false,
    complexity: 0,
  };
  let open: Open | undefined;
  // Captures come in the order of the source, the outer before the inner.
  for (const { name, node } of captures) {
    while (open !== undefined && node.startIndex >= open.endIndex) open = close(open, draft);
    if (name === "class" || name === "function") open = begin(name, node, open, draft);
    else note(name, node, open, draft);
  }
  while (open !== undefined) open = close(open, draft);
  const { imports, ...rest } = draft;
  return {
    ...rest,
    imports: [...imports],
    totalLines: countLines(source),
    syntaxErrorLine: tree.rootNode.hasError ? firstErrorLine(tree.rootNode) : null,
  };
}

function begin(kind: Open["kind"], node: Node, parent: Open | undefined, draft: Draft): Open {
  const text = docstringIn(node);
  if (text !== null) draft.docstrings.push(text);
  const name = nameOf(node);
  if (kind === "function") draft.complexity += 1;
  return {
    kind,
    node,
    name,
    endIndex: node.endIndex,
    hidden: parent !== undefined && (parent.hidden || parent.kind === "function"),
    parent,
    docstring: firstLine(text),
    methods: [],
    constructorArgs: null,
    complexity: kind === "function" ? 1 : 0,
  };
}

function note(name: string, node: Node, open: Open | undefined, draft: Draft): void {
  if (name === "import") {
    for (const imported of importedNames(node)) draft.imports.add(imported);
  } else if (name === "module_docstring") {
    draft.moduleDocstring = docstring(node);
    if (draft.moduleDocstring !== null) draft.docstrings.unshift(draft.moduleDocstring);
  } else {
    draft.complexity += 1;
    if (open !== undefined) open.complexity += 1;
    else if (isMainGuard(node)) draft.runsAsMain = true;
  }
}

/** Files what is complete and returns what encloses it. */
function close(done: Open, draft: Draft): Open | undefined {
  const { parent } = done;
  if (parent !== undefined) parent.complexity += done.complexity;
  if (done.hidden) return parent;
  if (done.kind === "class") draft.classes.push(asClass(done));
  else if (parent === undefined) draft.functions.push(asFunction(done));
  else {
    parent.methods.push(done.name);
    if (done.name === "__init__") parent.constructorArgs = withoutSelf(signatureOf(done.node));
  }
  return parent;
}

function asClass({ node, name, methods, constructorArgs, docstring: doc, complexity }: Open): PythonClass {
  const line = node.startPosition.row + 1;
  return { name, line, bases: basesOf(node), methods, constructorArgs, docstring: doc, complexity };
}

function asFunction({ node, name, docstring: doc, complexity }: Open): PythonFunction {
  return {
    name,
    line: node.startPosition.row + 1,
    args: argsOf(node),
    signature: signatureOf(node),
    async: isAsync(node),
    docstring: doc,
    complexity,
  };
}

function countLines(source: string): number {
  if (source === "") return 0;
  let lines = source.endsWith("\n") ? 0 : 1;
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

/** Descends only into what contains the error. */
function firstErrorLine(root: Node): number {
  let node = root;
  for (;;) {
    const inner = node.children.find((child) => child.isError || child.isMissing || child.hasError);
    if (inner === undefined || node.isError) return node.startPosition.row + 1;
    node = inner;
  }
}
