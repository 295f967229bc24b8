/** What a parsed file has against the schema, in a person's words. Pure. */
import type { TObject, TSchema } from "@sinclair/typebox";
import { Value, ValueErrorType } from "@sinclair/typebox/value";
import type { ValueError } from "@sinclair/typebox/value";
import { meant } from "./reporter.ts";
import type { Reporter } from "./reporter.ts";
import type { YamlPath } from "./yaml_places.ts";

export function schemaProblems(value: unknown, schema: TObject, reporter: Reporter): void {
  const seen = new Set<string>();
  for (const error of Value.Errors(schema, value)) {
    // The first error at a path says it best: "required" comes before "expected a text".
    if (seen.has(error.path)) continue;
    seen.add(error.path);
    tell(error, pathOf(error.path), schema, reporter);
  }
}

function tell(error: ValueError, path: YamlPath, root: TObject, reporter: Reporter): void {
  const name = path.length === 0 ? "the file" : String(path.at(-1));
  const description = error.schema.description ?? "";
  switch (error.type) {
    case ValueErrorType.ObjectAdditionalProperties: {
      const known = Object.keys(propertiesIn(schemaAt(root, path.slice(0, -1))));
      reporter.atKey(path, `there is no "${name}" here`, meant(name, known));
      return;
    }
    case ValueErrorType.ObjectRequiredProperty:
      reporter.at(path.slice(0, -1), `"${name}" is missing`, `add it: ${description}`);
      return;
    case ValueErrorType.StringPattern:
      reporter.at(path, `${name}: ${shown(error.value)} does not fit`, remedyFor(error.schema, description));
      return;
    default:
      reporter.at(
        path,
        `${name}: ${shown(error.value)}, ${lowerFirst(error.message)}`,
        remedyFor(error.schema, description),
      );
  }
}

function remedyFor(schema: TSchema, description: string): string {
  const examples = schema["examples"] as readonly string[] | undefined;
  const variants = schema["anyOf"] as readonly { readonly const?: unknown }[] | undefined;
  if (examples !== undefined) return `give e.g. ${examples.join(", ")}`;
  if (variants !== undefined) return `give one of ${variants.map((one) => String(one.const)).join(", ")}`;
  return description === "" ? "change it" : `it is: ${description}`;
}

function propertiesIn(schema: TSchema | undefined): Readonly<Record<string, TSchema>> {
  return (schema?.["properties"] as Readonly<Record<string, TSchema>> | undefined) ?? {};
}

function schemaAt(root: TSchema, path: YamlPath): TSchema | undefined {
  let schema: TSchema | undefined = root;
  for (const step of path) {
    const properties = propertiesIn(schema);
    schema = typeof step === "number" ? (schema?.["items"] as TSchema | undefined) : properties[step];
  }
  return schema;
}

/** A JSON pointer; digits are positions in a list. */
function pathOf(pointer: string): YamlPath {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
