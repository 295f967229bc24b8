/** The facts of a signal, one row each, from their JSON Schema: nested ones by their dotted path. Pure. */
export interface FactRow {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

type Schema = Readonly<Record<string, unknown>>;

export function factRows(schema: unknown, prefix = ""): readonly FactRow[] {
  if (!isSchema(schema) || !isSchema(schema["properties"])) return [];
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(schema["properties"]).flatMap(([name, member]) => {
    if (!isSchema(member)) return [];
    const path = `${prefix}${name}`;
    const description = typeof member["description"] === "string" ? member["description"] : "";
    const row = { path, type: typeText(member), required: required.includes(name), description };
    const inner = isSchema(member["items"])
      ? factRows(member["items"], `${path}[].`)
      : factRows(member, `${path}.`);
    return [row, ...inner];
  });
}

function typeText(schema: unknown): string {
  if (!isSchema(schema)) return "anything";
  const { const: literal, anyOf, items, type } = schema;
  if (literal !== undefined) return JSON.stringify(literal);
  if (Array.isArray(anyOf)) return anyOf.map(typeText).join(" | ");
  if (items !== undefined) return `list of ${typeText(items)}`;
  return typeof type === "string" ? type : "anything";
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
