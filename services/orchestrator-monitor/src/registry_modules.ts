/** Which automatically discovered modules `capabilities.yaml` holds, read as YAML 1.1 like its other readers. Pure. */
import { isMap, parseAllDocuments } from "yaml";

export interface RegisteredModule {
  readonly name: string;
  /** Dotted, from the source root. */
  readonly path: string;
  /** As written; "" when the entry gives none. Together with the path it identifies a discovery. */
  readonly discoveredAt: string;
  readonly pyFiles: number | undefined;
}

/** Throws an `Error` with line and column when the text cannot be read. */
export function discoveredModules(text: string): readonly RegisteredModule[] {
  const [document, second] = parseAllDocuments(text, { version: "1.1", logLevel: "silent" });
  if (document === undefined || !("contents" in document)) return [];
  const error = document.errors[0];
  if (error !== undefined) throw new Error(error.message);
  if (second !== undefined) {
    const line = text.slice(0, second.range[0]).split("\n").length;
    throw new Error(`several YAML documents in one file, the second from line ${line} on`);
  }
  if (!isMap(document.contents)) return [];
  const root = document.toJS({ maxAliasCount: 10_000 }) as Record<string, unknown>;
  const modules = new Map<string, RegisteredModule>();
  for (const [key, value] of [...Object.entries(root), ...entriesBelow(root["capabilities"])]) {
    const module = moduleOf(key, value);
    if (module !== undefined) modules.set(module.path, module);
  }
  return [...modules.values()];
}

export interface ReadModules {
  readonly text: string;
  readonly modules: readonly RegisteredModule[];
}

/**
 * Reads `text`; where it merely has more entries behind what was read `before`, only those are parsed. So a registry
 * that grows by hundreds of entries in a row is not parsed hundreds of times. Throws like `discoveredModules`.
 */
export function readModules(text: string, before?: ReadModules): ReadModules {
  if (before?.text === text) return before;
  const added = before === undefined ? undefined : modulesBehind(before.text, text);
  if (before === undefined || added === undefined) return { text, modules: discoveredModules(text) };
  const all = new Map([...before.modules, ...added].map((module) => [module.path, module]));
  return { text, modules: [...all.values()] };
}

/** A plain key at the start of a line: whatever stood before, a new top-level entry begins there. */
const ENTRY_BEGINS = /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*['"\w]/;

/** Undefined when the text changed otherwise, or what came cannot be read alone (it uses an anchor from above). */
function modulesBehind(before: string, text: string): readonly RegisteredModule[] | undefined {
  if (!text.startsWith(before) || !(before === "" || before.endsWith("\n"))) return undefined;
  const tail = text.slice(before.length);
  if (!ENTRY_BEGINS.test(tail)) return undefined;
  try {
    return discoveredModules(tail);
  } catch {
    return undefined;
  }
}

/** Some registries keep their entries under `capabilities:`. */
function entriesBelow(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

function moduleOf(key: string, value: unknown): RegisteredModule | undefined {
  if (!isRecord(value) || value["auto_discovered"] !== true) return undefined;
  const path = typeof value["module"] === "string" && value["module"] !== "" ? value["module"] : key;
  const at = value["discovered_at"];
  const pyFiles = value["py_files"];
  return {
    name: path.split(".").at(-1) ?? key,
    path,
    discoveredAt: at instanceof Date ? at.toISOString() : typeof at === "string" ? at : "",
    pyFiles:
      typeof pyFiles === "number" && Number.isSafeInteger(pyFiles) && pyFiles >= 0 ? pyFiles : undefined,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
