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
