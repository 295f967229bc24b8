import { parseSync } from "oxc-parser";

/** What the house's own checks need to know of a TypeScript file, read from its syntax tree. */
export interface SourceSyntax {
  readonly imports: readonly SourceImport[];
  readonly exportStars: readonly number[];
  readonly defaultExports: readonly number[];
  /** Lines of `any` as a type. */
  readonly anyTypes: readonly number[];
  readonly functions: readonly SourceFunction[];
  /** Names the file uses but does not declare in a way that matters here: `Date.now`, `setTimeout`, … */
  readonly uses: readonly SourceUse[];
  /** Statements on the top level: what a door may hold is decided from them. */
  readonly statements: readonly SourceStatement[];
  /** The first syntax error, if any. Then the rest is empty. */
  readonly error: string | undefined;
}

export interface SourceImport {
  readonly specifier: string;
  readonly line: number;
  /** Erased when the program runs. */
  readonly typeOnly: boolean;
  /** A file named by its place (`new URL("./x.ts", import.meta.url)`), to be started or read, not imported. */
  readonly byUrl: boolean;
}

export interface SourceFunction {
  readonly name: string;
  readonly line: number;
  /** Lines of its own: what functions inside it take is theirs. */
  readonly ownLines: number;
}

export interface SourceUse {
  /** `process.on` for a member of a name, `setTimeout` for a call of a name, `new Date()` without arguments. */
  readonly name: string;
  readonly line: number;
}

export interface SourceStatement {
  readonly line: number;
  readonly kind: "reexport" | "mixed-reexport" | "other";
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const NOTHING: Omit<SourceSyntax, "error"> = {
  imports: [],
  exportStars: [],
  defaultExports: [],
  anyTypes: [],
  functions: [],
  uses: [],
  statements: [],
};

export function parseSource(path: string, text: string): SourceSyntax {
  const { program, errors } = parseSync(path, text);
  const [first] = errors;
  if (first !== undefined) return { ...NOTHING, error: first.message };
  const lineAt = lineFinder(text);
  const reader = new SyntaxReader(lineAt);
  reader.visit(program as unknown as Node, "(top level)");
  return {
    ...reader.found(),
    statements: readStatements(program.body as unknown as Node[], lineAt),
    error: undefined,
  };
}

type LineAt = (offset: number) => number;

function lineFinder(text: string): LineAt {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

class SyntaxReader {
  readonly #lineAt: LineAt;
  readonly #imports: SourceImport[] = [];
  readonly #exportStars: number[] = [];
  readonly #defaultExports: number[] = [];
  readonly #anyTypes: number[] = [];
  readonly #functions: SourceFunction[] = [];
  readonly #uses: SourceUse[] = [];

  constructor(lineAt: LineAt) {
    this.#lineAt = lineAt;
  }

  found(): Omit<SourceSyntax, "error" | "statements"> {
    return {
      imports: this.#imports,
      exportStars: this.#exportStars,
      defaultExports: this.#defaultExports,
      anyTypes: this.#anyTypes,
      functions: this.#functions,
      uses: this.#uses,
    };
  }

  /** Returns the lines that functions inside `node` take. */
  visit(node: Node, name: string): number {
    this.#readModuleSyntax(node);
    this.#readUse(node);
    const inner = nameWithin(node) ?? name;
    let nestedLines = 0;
    for (const child of childrenOf(node)) nestedLines += this.visit(child, inner);
    if (!FUNCTIONS.has(node.type)) return nestedLines;
    const line = this.#lineAt(node.start);
    const lines = this.#lineAt(node.end) - line + 1;
    this.#functions.push({ name: inner, line, ownLines: lines - nestedLines });
    // The line on which it starts is its parent's as well.
    return lines - 1;
  }

  #readModuleSyntax(node: Node): void {
    const line = this.#lineAt(node.start);
    if (node.type === "ExportAllDeclaration") this.#exportStars.push(line);
    if (node.type === "ExportDefaultDeclaration") this.#defaultExports.push(line);
    if (node.type === "TSAnyKeyword") this.#anyTypes.push(line);
    const source = stringLiteral(node["source"]) ?? referredModule(node);
    if (source === undefined) return;
    this.#imports.push({
      specifier: source,
      line,
      typeOnly: isTypeOnly(node),
      byUrl: node.type === "NewExpression",
    });
  }

  #readUse(node: Node): void {
    const name = usedName(node);
    if (name !== undefined) this.#uses.push({ name, line: this.#lineAt(node.start) });
  }
}

function usedName(node: Node): string | undefined {
  if (node.type === "MemberExpression") {
    const object = identifier(node["object"]);
    const property = identifier(node["property"]);
    return object !== undefined && property !== undefined ? `${object}.${property}` : undefined;
  }
  const callee = identifier(node["callee"]);
  if (node.type === "CallExpression") return callee;
  if (node.type !== "NewExpression" || callee === undefined) return undefined;
  return `new ${callee}(${(node["arguments"] as unknown[]).length === 0 ? "" : "…"})`;
}

/** `new URL("./worker.ts", import.meta.url)`, `import.meta.resolve("…")`, `require("…")`: imports by other means. */
function referredModule(node: Node): string | undefined {
  if (node.type !== "CallExpression" && node.type !== "NewExpression") return undefined;
  const [first, second] = node["arguments"] as readonly unknown[];
  const byUrl = identifier(node["callee"]) === "URL" && isMetaProperty(second, "url");
  const byResolve = isMetaProperty(node["callee"], "resolve") || identifier(node["callee"]) === "require";
  return byUrl || byResolve ? stringLiteral(first) : undefined;
}

function isMetaProperty(value: unknown, name: string): boolean {
  if (!isNode(value) || value.type !== "MemberExpression") return false;
  const object = value["object"];
  return isNode(object) && object.type === "MetaProperty" && identifier(value["property"]) === name;
}

function isTypeOnly(node: Node): boolean {
  if (node["importKind"] === "type" || node["exportKind"] === "type" || node.type === "TSImportType")
    return true;
  const specifiers = (node["specifiers"] ?? []) as Node[];
  return (
    specifiers.length > 0 &&
    specifiers.every((one) => one["importKind"] === "type" || one["exportKind"] === "type")
  );
}

function readStatements(body: readonly Node[], lineAt: LineAt): SourceStatement[] {
  return body.map((node) => ({ line: lineAt(node.start), kind: statementKind(node) }));
}

function statementKind(node: Node): SourceStatement["kind"] {
  if (node.type !== "ExportNamedDeclaration" || node["source"] === null) return "other";
  const specifiers = node["specifiers"] as Node[];
  return specifiers.some((one) => one["exportKind"] === "type") ? "mixed-reexport" : "reexport";
}

/** The name that a declaration, property or method gives to the function in it. */
function nameWithin(node: Node): string | undefined {
  return identifier(node["id"]) ?? (FUNCTIONS.has(node.type) ? undefined : identifier(node["key"]));
}

function identifier(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  return value.type === "Identifier" || value.type === "PrivateIdentifier"
    ? String(value["name"])
    : undefined;
}

function stringLiteral(value: unknown): string | undefined {
  return isNode(value) && value.type === "Literal" && typeof value["value"] === "string"
    ? value["value"]
    : undefined;
}

function* childrenOf(node: Node): Generator<Node> {
  for (const value of Object.values(node)) {
    if (isNode(value)) yield value;
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) yield item;
  }
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"
  );
}
