/** A YAML text with the place of each value in it. Pure. */
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Node, Scalar } from "yaml";

/** From 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type YamlPath = readonly (string | number)[];

export interface PlacedYaml {
  /** As JavaScript values; undefined when the text is no YAML. */
  readonly value: unknown;
  readonly errors: readonly (Place & { readonly text: string })[];
  /** Of a value, or of the nearest one around it that is there. */
  placeOf(path: YamlPath): Place;
  /** Of a key itself. */
  placeOfKey(path: YamlPath): Place;
  /** Of a position inside a text that stands there; lines and columns of the text itself, from 1. */
  placeIn(path: YamlPath, inside: Place): Place;
}

const START: Place = { line: 1, column: 1 };

export function readYaml(text: string): PlacedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const start = (node: Node | undefined): Place => (node?.range == null ? START : at(node.range[0]));
  const read = document.errors.length === 0 ? plain(document) : {};
  return {
    value: read.value,
    errors: [
      ...document.errors.map((error) => ({ ...at(error.pos[0]), text: error.message })),
      ...(read.error === undefined ? [] : [{ ...START, text: read.error }]),
    ],
    placeOf: (path) => start(nearest(document, path)),
    placeOfKey: (path) => start(keyNode(document, path) ?? nearest(document, path)),
    placeIn: (path, inside) => {
      const node = nearest(document, path);
      return isScalar(node) ? placeInScalar(node, text, start(node), inside) : start(node);
    },
  };
}

/** Aliases in one file; more, or some within others, are taken for a bomb. */
const ALIASES_MAX = 100;

function plain(document: Document): { readonly value?: unknown; readonly error?: string } {
  try {
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
    // What contains itself is no text, and throws.
    JSON.stringify(value);
    return { value };
  } catch (error) {
    return { error: `its aliases (*name) cannot be resolved: ${(error as Error).message}` };
  }
}

function nearest(document: Document, path: YamlPath): Node | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (node !== undefined && node !== null && typeof node === "object") return node as Node;
  }
  return undefined;
}

function keyNode(document: Document, path: YamlPath): Node | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isSeq(parent) || !isMap(parent)) return undefined;
  const pair = parent.items.find(
    (item) => isPair(item) && isScalar(item.key) && item.key.value === path.at(-1),
  );
  return pair === undefined ? undefined : (pair.key as Node);
}

/** Exact for a text on one line and for a block (`|`); a folded one says where it begins. */
function placeInScalar(node: Scalar, text: string, start: Place, inside: Place): Place {
  const quoted = node.type === "QUOTE_SINGLE" || node.type === "QUOTE_DOUBLE" ? 1 : 0;
  if (node.type === "BLOCK_LITERAL") {
    const line = start.line + inside.line;
    // What the block takes away from each of its lines is what its first line is indented by.
    return { line, column: indentOf(text, start.line + 1) + inside.column };
  }
  return inside.line === 1 && node.type !== "BLOCK_FOLDED"
    ? { line: start.line, column: start.column + quoted + inside.column - 1 }
    : start;
}

function indentOf(text: string, line: number): number {
  const content = text.split("\n")[line - 1] ?? "";
  return content.length - content.trimStart().length;
}
