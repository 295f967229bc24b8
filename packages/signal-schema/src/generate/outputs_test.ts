import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import manifest from "../../package.json";
import { signals } from "../catalogue.ts";
import { SCHEMAS_DIRECTORY, generatedFiles } from "./outputs.ts";
import { SOURCE_NOTE } from "./source_note.ts";

const root = join(import.meta.dir, "../../../..");
const files = generatedFiles(manifest.version);

describe("the generated reference", () => {
  for (const [path, content] of files) {
    test(`${path} is what the definitions say (else run the generator)`, async () => {
      expect(await Bun.file(join(root, path)).text()).toBe(content);
    });
  }

  test("has a schema for each signal and none besides", async () => {
    const names = [...signals.keys()].map((name) => `${name}.json`);
    expect((await readdir(join(root, SCHEMAS_DIRECTORY))).toSorted()).toEqual(names.toSorted());
  });

  test("says in each file where it comes from", () => {
    for (const content of files.values()) expect(content.slice(0, 400)).toContain(SOURCE_NOTE);
  });

  test("resolves every reference of the AsyncAPI document", () => {
    const text = files.get("docs/reference/asyncapi.json") ?? "";
    const document: unknown = JSON.parse(text);
    const references = [...text.matchAll(/"\$ref": "([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(references.length).toBe(signals.size * 4);
    for (const reference of references) {
      if (reference.startsWith("./")) expect(files.has(join("docs/reference", reference))).toBe(true);
      else expect([reference, lookUp(document, reference)]).toEqual([reference, expect.anything()]);
    }
  });

  test("links every section of the page that it names", () => {
    const page = files.get("docs/reference/signals.md") ?? "";
    for (const name of signals.keys()) {
      expect(page).toContain(`\n## ${name}\n`);
      expect(page).toContain(`(#${name.toLowerCase()})`);
    }
  });
});

function lookUp(document: unknown, reference: string): unknown {
  const steps = reference.slice(2).split("/");
  return steps.reduce<unknown>((at, step) => (at as Readonly<Record<string, unknown>>)[step], document);
}
