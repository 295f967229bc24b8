/** A YAML file with the places of its values. Read as YAML 1.1, as the installation's own readers do. */
import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Tags,
} from "yaml";
import { messageOf } from "@kloros/daemon";
import type { FileProblem } from "../file_problem.ts";

export type YamlPath = readonly (string | number)[];

const ALIASES_MAX = 1000;
/** More at once help nobody. */
const ERRORS_MAX = 100;
/** Far above any configuration; an alias inside of what it names nests without end. */
const DEPTH_MAX = 100;
/** As PyYAML, which is stricter than the standard's page: a parameter called `y` is not `true`. */
const PYTHON_TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const PYTHON_FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;

const BOOLEAN = "tag:yaml.org,2002:bool";
const FLOAT = "tag:yaml.org,2002:float";

/** The standard's own tags, with Python's idea of a boolean, and no number without a digit: `e5` and `.` are texts. */
function pythonTags(tags: Tags): Tags {
  return tags.map((tag) => {
    if (typeof tag !== "object" || !("test" in tag) || tag.test === undefined) return tag;
    if (tag.tag === BOOLEAN) return { ...tag, test: tag.test.test("yes") ? PYTHON_TRUE : PYTHON_FALSE };
    const isLoose = tag.tag === FLOAT && (tag.test.test("e5") || tag.test.test("."));
    return isLoose ? { ...tag, test: new RegExp(`(?=.*[0-9])(?![-+]?[eE])${tag.test.source}`) } : tag;
  });
}

/** Whether it nests deeper than so many levels. Stops there: also when it contains itself. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

export class YamlPlaces {
  readonly file: string;
  readonly content: unknown;
  /** Syntax errors; when there are any, `content` is undefined. */
  readonly syntax: readonly FileProblem[];
  readonly #document: Document;
  readonly #lines = new LineCounter();

  constructor(file: string, text: string) {
    this.file = file;
    const options = {
      version: "1.1",
      lineCounter: this.#lines,
      prettyErrors: false,
      merge: true,
      customTags: pythonTags,
    } as const;
    this.#document = parseDocument(text, options);
    const errors = this.#document.errors
      .slice(0, ERRORS_MAX)
      .map((error) =>
        this.#problemAt(error.pos[0], error.message.replaceAll("\n", " "), "mend the YAML there"),
      );
    const plain = errors.length > 0 ? { errors } : this.#toPlain();
    this.syntax = plain.errors;
    this.content = plain.content;
  }

  /** A problem at the value of `path`, or at the nearest of its parents that is in the file. */
  problem(path: YamlPath, problem: string, remedy: string): FileProblem {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = this.#offsetOf(path.slice(0, length));
      if (offset !== undefined) return this.#problemAt(offset, problem, remedy);
    }
    return this.#problemAt(this.#document.contents?.range?.[0] ?? 0, problem, remedy);
  }

  /** A problem at the key itself, for keys that nobody knows. */
  keyProblem(path: YamlPath, problem: string, remedy: string): FileProblem {
    const offset = this.#keyOffset(path);
    return offset === undefined
      ? this.problem(path, problem, remedy)
      : this.#problemAt(offset, problem, remedy);
  }

  /** What the author typed for a plain scalar (`1.0`); undefined for everything else. */
  source(path: YamlPath): string | undefined {
    const node = this.#node(path);
    return isScalar(node) && typeof node.source === "string" ? node.source : undefined;
  }

  /** Aliases are followed only now. */
  #toPlain(): { readonly content?: unknown; readonly errors: readonly FileProblem[] } {
    try {
      const content = this.#document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown;
      return isDeeper(content, DEPTH_MAX) ? { errors: [this.#tooDeep(content)] } : { content, errors: [] };
    } catch (error) {
      const offset = this.#unknownAlias();
      const remedy =
        offset === undefined
          ? "write the values out instead of aliases"
          : "write the anchor before the alias";
      return { errors: [this.#problemAt(offset ?? 0, messageOf(error), remedy)] };
    }
  }

  /** Offset of the first alias without an anchor before it. */
  #unknownAlias(): number | undefined {
    const anchors = new Set<string>();
    let offset: number | undefined;
    visit(this.#document, {
      Node: (_, node) => {
        if (!isAlias(node)) {
          if (node.anchor !== undefined) anchors.add(node.anchor);
          return undefined;
        }
        if (anchors.has(node.source)) return undefined;
        offset = node.range?.[0];
        return visit.BREAK;
      },
    });
    return offset;
  }

  #tooDeep(content: unknown): FileProblem {
    const top = Object.entries(content as object).find(([, value]) => isDeeper(value, DEPTH_MAX - 1));
    const problem = `it nests deeper than ${String(DEPTH_MAX)} levels, or an alias stands inside of what it names`;
    return this.problem(top === undefined ? [] : [top[0]], problem, "write it flat, without that alias");
  }

  #node(path: YamlPath): Node | undefined {
    let node: unknown = this.#document.contents;
    for (const step of path) {
      const parent = this.#resolve(node);
      if (!isMap(parent) && !isSeq(parent)) return undefined;
      node = parent.get(step, true) ?? (isMap(parent) ? parent.get(String(step), true) : undefined);
    }
    const found = this.#resolve(node);
    return isNode(found) ? found : undefined;
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  #offsetOf(path: YamlPath): number | undefined {
    return this.#node(path)?.range?.[0] ?? this.#keyOffset(path);
  }

  #keyOffset(path: YamlPath): number | undefined {
    const parent = this.#node(path.slice(0, -1));
    if (!isMap(parent)) return undefined;
    const last = String(path.at(-1));
    const pair = parent.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === last,
    );
    return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
  }

  #problemAt(offset: number, problem: string, remedy: string): FileProblem {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col), problem, remedy };
  }
}
