/** The entry that the integrator writes: its fields, its words, its text. Shape from existing installations. */
import { yamlDoubleQuoted, yamlScalar } from "./yaml_scalar.ts";

export interface RegistryEntry {
  readonly module: string;
  readonly enabled: boolean;
  readonly description: string;
  readonly auto_discovered: boolean;
  /** Local time without zone, microseconds: `2025-11-08T17:35:14.700422`, as all entries before it. */
  readonly discovered_at: string;
  readonly py_files: number;
}

/** The thresholds and words are those of the entries that existing installations hold. */
function describeModule(pyFiles: number): string {
  if (pyFiles > 10) return `Complex module with ${pyFiles} Python files`;
  if (pyFiles > 5) return `Module with ${pyFiles} Python files`;
  return `Module component (${pyFiles} files)`;
}

export function makeEntry(modulePath: string, pyFiles: number, discoveredAt: string): RegistryEntry {
  return {
    module: modulePath,
    enabled: true,
    description: describeModule(pyFiles),
    auto_discovered: true,
    discovered_at: discoveredAt,
    py_files: pyFiles,
  };
}

/** As a reader loads it. */
export function entryContent(entry: RegistryEntry): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(Object.entries(entry));
}

export interface BlockLayout {
  readonly indent: number;
  readonly step: number;
  readonly newline: string;
}

/** Lines of a block mapping, each with its line end. */
export function blockText(key: string, entry: RegistryEntry, layout: BlockLayout): string {
  const outer = " ".repeat(layout.indent);
  const inner = outer + " ".repeat(layout.step);
  const fields = Object.entries<string | number | boolean>({ ...entry }).map(
    ([name, value]) => `${inner}${name}: ${scalar(value)}`,
  );
  return [`${outer}${yamlScalar(key)}:`, ...fields].map((line) => line + layout.newline).join("");
}

/** One pair of a flow mapping, in JSON's notation, so that a registry that is JSON stays JSON. */
export function flowText(key: string, entry: RegistryEntry): string {
  const fields = Object.entries<string | number | boolean>({ ...entry }).map(
    ([name, value]) => `"${name}": ${typeof value === "string" ? yamlDoubleQuoted(value) : String(value)}`,
  );
  return `${yamlDoubleQuoted(key)}: {${fields.join(", ")}}`;
}

function scalar(value: string | number | boolean): string {
  return typeof value === "string" ? yamlScalar(value) : String(value);
}
