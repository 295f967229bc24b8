import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_RULES_TEXT } from "./default_rules.ts";
import { ruleSchemaText } from "./rule_schema_text.ts";
import { SCHEMA_FILE } from "./write_schema.ts";

test("the reference holds the schema of the rules as it is", () => {
  // To renew it: bun services/policy-engine/src/rules/write_schema.ts
  expect(readFileSync(SCHEMA_FILE, "utf8")).toBe(ruleSchemaText());
});

test("every key of the schema says what it is", () => {
  const undescribed: string[] = [];
  function visit(schema: unknown, path: string): void {
    if (typeof schema !== "object" || schema === null) return;
    const { properties, items, description } = schema as Readonly<Record<string, unknown>>;
    if (path !== "" && description === undefined) undescribed.push(path);
    for (const [key, member] of Object.entries(properties ?? {})) visit(member, join(path, key));
    if (items !== undefined) visit(items, join(path, "items"));
  }
  visit(JSON.parse(ruleSchemaText()), "");
  expect(undescribed).toEqual([]);
});

test("the default file names the schema that is written beside it", () => {
  expect(DEFAULT_RULES_TEXT.split("\n")[0]).toBe("# yaml-language-server: $schema=policies.schema.json");
});
