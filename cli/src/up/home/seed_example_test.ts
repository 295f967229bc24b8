import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXAMPLE_FILES } from "../../../examples/mod.ts";
import { seedExample } from "./seed_example.ts";

const TREE = join(import.meta.dir, "../../../examples/source");

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-seed-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function filesBelow(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}

test("the list of the example names every file of its directory, and the registry", () => {
  expect(Object.keys(EXAMPLE_FILES).toSorted()).toEqual(
    [...filesBelow(TREE), "registry/capabilities.yaml"].toSorted(),
  );
});

test("seedExample() writes the tree and intents that the router can read", () => {
  const places = { source: join(directory, "src"), intents: join(directory, "intents") };
  // A seeding that was interrupted.
  mkdirSync(`${places.source}.seeding/half`, { recursive: true });
  writeFileSync(`${places.source}.seeding/half/x.py`, "");
  expect(seedExample(places, 1_700_000_000_000)).toEqual({
    files: Object.keys(EXAMPLE_FILES).length,
    intents: 2,
  });
  expect(filesBelow(places.source)).toEqual(Object.keys(EXAMPLE_FILES).toSorted());
  const names = readdirSync(places.intents);
  expect(names.every((name) => name.endsWith(".json"))).toBe(true);
  const texts = names.map((name) => readFileSync(join(places.intents, name), "utf8"));
  expect(texts.map((text) => (JSON.parse(text) as { type: string }).type).toSorted()).toEqual([
    "curiosity_investigate",
    "discover.module",
  ]);
  expect(texts.join("")).toContain(`path:${places.source}/telemetry`);
});
