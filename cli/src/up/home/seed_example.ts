/** Fills an empty home with something to find: a small source tree, and intents for the router. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EXAMPLE_FILES, exampleIntents } from "../../../examples/mod.ts";

export interface SeedPlaces {
  readonly source: string;
  readonly intents: string;
}

export interface Seeded {
  readonly files: number;
  readonly intents: number;
}

/** The tree arrives whole (one rename) or not at all; the intents after it. Throws the file system's error. */
export function seedExample(places: SeedPlaces, nowMs: number): Seeded {
  const staging = `${places.source}.seeding`;
  rmSync(staging, { recursive: true, force: true });
  for (const [path, text] of Object.entries(EXAMPLE_FILES)) {
    const file = join(staging, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  renameSync(staging, places.source);
  const intents = exampleIntents(places.source, nowMs);
  mkdirSync(places.intents, { recursive: true, mode: 0o700 });
  for (const { name, content } of intents) writeIntent(join(places.intents, name), content);
  return { files: Object.keys(EXAMPLE_FILES).length, intents: intents.length };
}

/** Renamed into place, as a careful writer does. */
function writeIntent(path: string, content: object): void {
  writeFileSync(`${path}.tmp`, `${JSON.stringify(content, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}
