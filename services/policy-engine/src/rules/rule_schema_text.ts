/** The JSON Schema of `policies.yaml`, for editors and for the reference. Pure. */
import { ruleFileSchema } from "./rule_file_schema.ts";

const NOTE =
  "Generated from services/policy-engine/src/rules/rule_file_schema.ts: change it there. Of a policies.yaml in any home; editors find it by the file's first line.";

/** As it stands beside a file of rules, and in docs/reference. */
export function ruleSchemaText(): string {
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    $comment: NOTE,
    ...(JSON.parse(JSON.stringify(ruleFileSchema)) as object),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
