/** Where settings come from: each source becomes a list of single settings with their origin. */
import { existsSync, readFileSync } from "node:fs";
import type { TObject } from "@sinclair/typebox";
import { parse, TomlError } from "smol-toml";
import { COMMON_SECTION, environmentName, fieldsOf, isTable, upperSnake, type Field } from "./field.ts";
import type { RawKind } from "./field_value.ts";
import { nearestName } from "./nearest_name.ts";
import { showValue, type ConfigProblem } from "./problem.ts";
import { locateKeys, type TomlLines } from "./toml_lines.ts";

export interface Setting {
  readonly section: string;
  readonly field: Field;
  readonly raw: unknown;
  readonly kind: RawKind;
  /** `file:line`, `environment NAME`, `flag --set`. */
  readonly origin: string;
}

export interface Settings {
  readonly found: readonly Setting[];
  readonly problems: readonly ConfigProblem[];
}

/** Name of the section → its schema. */
export type Sections = Readonly<Record<string, TObject>>;

/** A file that is not there has no settings, unless it was asked for by name (`required`). */
export function settingsFromFile(path: string, sections: Sections, required: boolean): Settings {
  if (!existsSync(path)) {
    const missing = { where: path, key: "", problem: "there is no such file; it was named by --config" };
    return { found: [], problems: required ? [missing] : [] };
  }
  try {
    return settingsFromToml(path, readFileSync(path, "utf8"), sections);
  } catch (error) {
    return { found: [], problems: [{ where: path, key: "", problem: `cannot be read: ${String(error)}` }] };
  }
}

function settingsFromToml(path: string, text: string, sections: Sections): Settings {
  let document: Record<string, unknown>;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [problem = "is not TOML"] = error.message.split("\n");
    return { found: [], problems: [{ where: `${path}:${error.line}`, key: "", problem }] };
  }
  const reader = new FileReader(path, locateKeys(text), sections);
  reader.document(document);
  return reader;
}

/** Walks a parsed file along the schemas of the known sections; other services' sections are theirs to check. */
class FileReader implements Settings {
  readonly found: Setting[] = [];
  readonly problems: ConfigProblem[] = [];
  readonly #path: string;
  readonly #lines: TomlLines;
  readonly #sections: Sections;

  constructor(path: string, lines: TomlLines, sections: Sections) {
    this.#path = path;
    this.#lines = lines;
    this.#sections = sections;
  }

  document(document: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(document)) {
      const schema = Object.hasOwn(this.#sections, name) ? this.#sections[name] : undefined;
      if (schema !== undefined) this.#section(name, schema, value);
      else this.#foreign(name, value);
    }
  }

  #foreign(name: string, value: unknown): void {
    const where = this.#where([name]);
    if (!isPlainTable(value)) {
      this.problems.push({
        where,
        key: name,
        value: showValue(value),
        problem: "stands outside of any section",
        allowed: `keys below [${COMMON_SECTION}] or a service's section`,
      });
      return;
    }
    const nearest = nearestName(name, Object.keys(this.#sections));
    if (nearest !== undefined) {
      this.problems.push({ where, key: `[${name}]`, problem: "is no section", nearest: `[${nearest}]` });
    }
  }

  #section(name: string, schema: TObject, value: unknown): void {
    if (isPlainTable(value)) this.#table(name, schema, value, []);
    else
      this.problems.push({
        where: this.#where([name]),
        key: name,
        value: showValue(value),
        problem: "is a section",
        allowed: "a table",
      });
  }

  #table(
    section: string,
    schema: TObject,
    value: Readonly<Record<string, unknown>>,
    above: readonly string[],
  ): void {
    const fields = fieldsOf(schema);
    for (const [name, inner] of Object.entries(value)) {
      const path = [...above, name];
      const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
      const key = `[${section}] ${path.join(".")}`;
      if (property === undefined) {
        const nearest = nearestName(name, Object.keys(schema.properties));
        const hint =
          nearest === undefined ? { allowed: Object.keys(schema.properties).join(", ") } : { nearest };
        this.problems.push({
          where: this.#where([section, ...path]),
          key,
          problem: "is not a setting",
          ...hint,
        });
      } else if (isTable(property)) {
        if (isPlainTable(inner)) this.#table(section, property, inner, path);
        else
          this.problems.push({
            where: this.#where([section, ...path]),
            key,
            value: showValue(inner),
            problem: "holds settings",
            allowed: "a table",
          });
      } else this.#leaf(section, fields, path, inner);
    }
  }

  #leaf(section: string, fields: readonly Field[], path: readonly string[], raw: unknown): void {
    const own = fields.find((field) => field.path[0] === path.at(-1) && field.path.length === 1);
    if (own === undefined) return;
    const field: Field = { ...own, path, key: path.join(".") };
    this.found.push({ section, field, raw, kind: "toml", origin: this.#where([section, ...path]) });
  }

  #where(path: readonly string[]): string {
    return `${this.#path}:${this.#lines.lineOf(path)}`;
  }
}

function isPlainTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** `KLOROS_<KEY>` and `KLOROS_<SERVICE>_<KEY>`. An unknown name of the second kind is a mistake. */
export function settingsFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  sections: Sections,
): Settings {
  const found: Setting[] = [];
  const problems: ConfigProblem[] = [];
  for (const [section, schema] of Object.entries(sections)) {
    const byName = new Map(fieldsOf(schema).map((field) => [environmentName(section, field), field]));
    const prefix = section === COMMON_SECTION ? undefined : `KLOROS_${upperSnake(section)}_`;
    for (const [name, raw] of Object.entries(env)) {
      if (raw === undefined) continue;
      const field = byName.get(name);
      const origin = `environment ${name}`;
      if (field !== undefined) found.push({ section, field, raw, kind: "text", origin });
      else if (prefix !== undefined && name.startsWith(prefix))
        problems.push(unknown(origin, name, [...byName.keys()]));
    }
  }
  return { found, problems };
}

/** `key=value` (a setting of the service) or `kloros.key=value`, from `--set`. */
export function settingsFromAssignments(
  assignments: readonly string[],
  sections: Sections,
  service: string,
): Settings {
  const found: Setting[] = [];
  const problems: ConfigProblem[] = [];
  for (const assignment of assignments) {
    const origin = `flag --set ${assignment}`;
    const at = assignment.indexOf("=");
    if (at < 1) {
      problems.push({ where: origin, key: "", problem: "has no value", allowed: "--set key=value" });
      continue;
    }
    const [section, key] = splitSection(assignment.slice(0, at).trim(), sections, service);
    const fields = fieldsOf(sections[section] as TObject);
    const field = fields.find((one) => one.key === key);
    if (field === undefined)
      problems.push(
        unknown(
          "flag --set",
          key,
          fields.map((one) => one.key),
          `[${section}] `,
        ),
      );
    else found.push({ section, field, raw: assignment.slice(at + 1), kind: "text", origin: "flag --set" });
  }
  return { found, problems };
}

function splitSection(
  key: string,
  sections: Sections,
  service: string,
): readonly [section: string, key: string] {
  const dot = key.indexOf(".");
  const head = key.slice(0, dot);
  return dot > 0 && Object.hasOwn(sections, head) ? [head, key.slice(dot + 1)] : [service, key];
}

function unknown(where: string, name: string, known: readonly string[], head = ""): ConfigProblem {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? { allowed: known.join(", ") } : { nearest };
  return { where, key: `${head}${name}`, problem: "is not a setting", ...hint };
}
