/** Facts come as anything: read for a line of text. Pure. */

export type Facts = Readonly<Record<string, unknown>>;
export type Describe = (facts: Facts) => string;

/** Empty when it is not there. */
export function fact(facts: Facts, name: string): string {
  const value = facts[name];
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : (JSON.stringify(value) ?? "");
}

export function factList(facts: Facts, name: string): readonly string[] {
  const value = facts[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** In brackets, to stand behind something; empty when it is not there. */
export function suffix(facts: Facts, name: string): string {
  const said = fact(facts, name);
  return said === "" ? "" : ` (${said})`;
}

export function plural(count: unknown, one: string, many: string = `${one}s`): string {
  return typeof count === "number" ? `${count} ${count === 1 ? one : many}` : "";
}

export function isFacts(value: unknown): value is Facts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
