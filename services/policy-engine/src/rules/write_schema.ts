/** `bun services/policy-engine/src/rules/write_schema.ts`: writes docs/reference/policies.schema.json anew. */
import { join } from "node:path";
import { ruleSchemaText } from "./rule_schema_text.ts";

export const SCHEMA_FILE = join(import.meta.dirname, "../../../../docs/reference/policies.schema.json");

if (import.meta.main) await Bun.write(SCHEMA_FILE, ruleSchemaText());
