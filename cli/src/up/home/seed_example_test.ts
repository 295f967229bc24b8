import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXAMPLE_FILES } from "../../../examples/mod.ts";
import { type SeedPlaces, seedExample } from "./seed_example.ts";

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

function placesIn(home: string): SeedPlaces {
  return {
    source: join(home, "src"),
    intents: join(home, "intents"),
    promotions: join(home, "dream_lab/promotions"),
    configFile: join(home, "kloros.toml"),
    environmentFile: join(home, ".kloros_env"),
  };
}

test("seedExample() writes the tree, intents that the router can read, and a promotion", () => {
  const places = placesIn(directory);
  // A seeding that was interrupted.
  mkdirSync(`${places.source}.seeding/half`, { recursive: true });
  writeFileSync(`${places.source}.seeding/half/x.py`, "");
  expect(seedExample(places, 1_700_000_000_000)).toEqual({
    files: Object.keys(EXAMPLE_FILES).length,
    intents: 2,
    promotions: 1,
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

test("seedExample() leaves settings and live configuration of somebody else alone", () => {
  const places = placesIn(directory);
  writeFileSync(places.environmentFile, "MINE=1\n");
  seedExample(places, 0);
  expect(readFileSync(places.environmentFile, "utf8")).toBe("MINE=1\n");
  expect(readFileSync(places.configFile, "utf8")).toContain("autonomyLevel = 2");
});

test("the experiment of the example measures the tree that it lies in, and its keys are those that may be set", async () => {
  const places = placesIn(directory);
  seedExample(places, 0);
  const evaluator = (await import(join(places.source, "dream/evaluators/archive.ts"))) as {
    readonly evaluate: (params: object) => Readonly<Record<string, number>>;
  };
  const metrics = evaluator.evaluate({ level: 6, mem_level: 8, block_kib: 8 });
  expect(Object.keys(metrics)).toEqual(["ratio", "pack_ms", "reach_us"]);
  expect(metrics["ratio"]).toBeGreaterThan(1.5);
  for (const value of Object.values(metrics)) expect(value).toBeGreaterThan(0);
  const [experiments, settings, environment] = [
    join(places.source, "dream/config/dream.yaml"),
    places.configFile,
    places.environmentFile,
  ].map((path) => readFileSync(path, "utf8"));
  const keys = [...(experiments ?? "").matchAll(/: (KLR_ARCHIVE_\w+)/g)].map(([, key]) => String(key));
  expect(keys.length).toBe(3);
  for (const key of keys) {
    expect(settings).toContain(`key = "${key}"`);
    expect(environment).toMatch(new RegExp(`^${key}=\\d+`, "m"));
  }
});
