/** The registry's text → names of the modules that are known. Pure. */
import { parseDocument } from "yaml";
import { messageOf } from "@kloros/daemon";

export type KnownModules =
  | { readonly ok: true; readonly names: ReadonlySet<string> }
  | { readonly ok: false; readonly reason: string };

/** Entries may be nested; deeper than this nobody wrote them by hand. */
const DEPTH_MAX = 8;

/**
 * Known: top-level keys, and the last dotted part of each `module`. Empty text knows nothing. What is not a mapping
 * is refused: asking about every module again would be the worse mistake.
 */
export function readKnownModules(text: string): KnownModules {
  let content: unknown;
  try {
    // Hand-written files repeat keys; the readers of the registry take the last one.
    const document = parseDocument(text, { uniqueKeys: false, logLevel: "silent" });
    const error = document.errors[0];
    if (error !== undefined) return { ok: false, reason: firstLine(error.message) };
    content = document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    return { ok: false, reason: firstLine(messageOf(error)) };
  }
  if (content === null || content === undefined) return { ok: true, names: new Set() };
  if (!isMapping(content)) return { ok: false, reason: "its top level is not a mapping of names to entries" };
  const names = new Set(Object.keys(content));
  collectModules(content, names, DEPTH_MAX);
  return { ok: true, names };
}

function collectModules(value: unknown, into: Set<string>, depth: number): void {
  if (depth === 0) return;
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) collectModules(item, into, depth - 1);
  }
  if (!isMapping(value)) return;
  const { module } = value;
  const last = typeof module === "string" ? module.trim().split(".").at(-1) : undefined;
  if (last !== undefined && last !== "") into.add(last);
  for (const item of Object.values(value)) collectModules(item, into, depth - 1);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
