/** All generated files, in memory: path from the project's root → content. The test compares, main writes. */
import { signals } from "../catalogue.ts";
import { asyncapiDocument } from "./asyncapi.ts";
import { signalSchema } from "./json_schema.ts";
import type { JsonObject } from "./plain_schema.ts";
import { referencePage } from "./reference_page.ts";

/** Only generated files live here: what is not generated any more is removed. */
export const SCHEMAS_DIRECTORY = "docs/reference/schemas";

/** `version`: the package's. */
export function generatedFiles(version: string): ReadonlyMap<string, string> {
  const definitions = [...signals.values()];
  return new Map([
    ["docs/reference/signals.md", referencePage(definitions)],
    ["docs/reference/asyncapi.json", jsonFile(asyncapiDocument(definitions, version))],
    ...definitions.map((definition): [string, string] => [
      `${SCHEMAS_DIRECTORY}/${definition.name}.json`,
      jsonFile(signalSchema(definition)),
    ]),
  ]);
}

function jsonFile(value: JsonObject): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
