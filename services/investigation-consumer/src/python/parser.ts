/**
 * A Python parser: tree-sitter, as WebAssembly. Both modules are embedded by `bun build --compile` because they are
 * imported as files; from source the same imports are paths into node_modules.
 */
import { readFile } from "node:fs/promises";
import { Language, Parser, Query } from "web-tree-sitter";
import engineWasm from "web-tree-sitter/web-tree-sitter.wasm" with { type: "file" };
import grammarWasm from "tree-sitter-python/tree-sitter-python.wasm" with { type: "file" };
import { CAPTURES } from "./captures.ts";

export interface PythonParser {
  readonly parser: Parser;
  readonly query: Query;
}

let loading: Promise<PythonParser> | undefined;

/** Loads the parser once; later calls share it. It parses synchronously, so sharing needs no turns. */
export function loadPythonParser(): Promise<PythonParser> {
  loading ??= load();
  return loading;
}

async function load(): Promise<PythonParser> {
  await Parser.init({ locateFile: () => engineWasm });
  const grammar = await Language.load(new Uint8Array(await readFile(grammarWasm)));
  const parser = new Parser();
  parser.setLanguage(grammar);
  return { parser, query: new Query(grammar, CAPTURES) };
}
