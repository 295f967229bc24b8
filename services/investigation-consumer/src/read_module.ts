/**
 * Reads a module's directory, one file at a time: between two files the event loop runs, so that leases are extended and
 * other investigations go on, and only what was found stays in memory.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@kloros/daemon";
import { ModuleCollector, type ModuleFindings } from "./module_structure.ts";
import { extractStructure } from "./python/extract.ts";
import { countParsed } from "./python/parse_budget.ts";
import { loadPythonParser } from "./python/parser.ts";
import { pythonFiles, type WalkLimits } from "./python_files.ts";
import { unlessShortage } from "./shortage.ts";
import { readSource } from "./source_text.ts";

export interface ReadLimits extends WalkLimits {
  readonly fileBytesMax: number;
  /** All files together, bytes. */
  readonly totalBytesMax: number;
  /** Time for parsing one file, ms. */
  readonly parseMsMax: number;
}

export interface ReadOptions {
  readonly limits: ReadLimits;
  readonly abort: AbortSignal;
  /** True when the time for this investigation is over. */
  readonly overdue: () => boolean;
}

export interface ModuleReading {
  readonly findings: ModuleFindings;
  /** Why this is no usable result; absent when it is one. */
  readonly failure?: { readonly reason: string; readonly timeout: boolean };
}

export async function readModule(directory: string, options: ReadOptions): Promise<ModuleReading> {
  const collector = new ModuleCollector();
  const missing = await notADirectory(directory);
  if (missing !== undefined) return failed(collector, missing);
  const end = await readFiles(directory, collector, options);
  if (end === "overdue") return failed(collector, `not finished in time: ${directory}`, true);
  const findings = collector.finish();
  if (findings.files.length > 0) return { findings };
  const [first] = findings.problems;
  const why = first === undefined ? "it holds no Python files" : `first: ${first.file}: ${first.problem}`;
  return failed(collector, `nothing could be parsed in ${directory}: ${why}`);
}

function failed(collector: ModuleCollector, reason: string, timeout = false): ModuleReading {
  return { findings: collector.finish(), failure: { reason, timeout } };
}

async function notADirectory(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isDirectory() ? undefined : `${path} is not a directory`;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return `${path} does not exist`;
    return messageOf(unlessShortage(error));
  }
}

async function readFiles(
  directory: string,
  collector: ModuleCollector,
  { limits, abort, overdue }: ReadOptions,
): Promise<"read" | "overdue"> {
  const python = await loadPythonParser();
  let bytesLeft = limits.totalBytesMax;
  for await (const event of pythonFiles(directory, limits)) {
    abort.throwIfAborted();
    if (overdue()) return "overdue";
    if (event.kind === "limit") collector.limitReached(event.text);
    if (event.kind === "problem") collector.problem(event.file, event.problem);
    if (event.kind !== "file") continue;
    const source = await readSource(join(directory, event.file), {
      bytesMax: Math.min(limits.fileBytesMax, bytesLeft),
    });
    if (!source.ok) {
      collector.problem(event.file, source.problem);
      continue;
    }
    bytesLeft -= source.bytes;
    const structure = extractStructure(python, source.text, { msMax: limits.parseMsMax });
    if (structure !== undefined) collector.add(event.file, structure);
    else collector.problem(event.file, `not parsed within ${limits.parseMsMax} ms; are its brackets closed?`);
    countParsed(source.text.length);
    await turn();
  }
  return "read";
}

/** Lets timers and sockets have their turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
