/** Fills an empty home with something to do: a small source tree, intents for the router, a promotion for D-REAM. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Installation } from "@kloros/daemon";
import {
  EXAMPLE_ENVIRONMENT,
  EXAMPLE_FILES,
  EXAMPLE_SETTINGS,
  exampleIntents,
  examplePromotions,
} from "../../../examples/mod.ts";

export type SeedPlaces = Pick<
  Installation,
  "source" | "intents" | "promotions" | "configFile" | "environmentFile"
>;

export interface Seeded {
  readonly files: number;
  readonly intents: number;
  readonly promotions: number;
}

/**
 * The tree arrives whole (one rename) or not at all; what refers to it after it. Settings and live configuration that are
 * there already are somebody's own and stay. Throws the file system's error.
 */
export function seedExample(places: SeedPlaces, nowMs: number): Seeded {
  const staging = `${places.source}.seeding`;
  rmSync(staging, { recursive: true, force: true });
  for (const [path, text] of Object.entries(EXAMPLE_FILES)) {
    const file = join(staging, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  renameSync(staging, places.source);
  writeIfMissing(places.configFile, EXAMPLE_SETTINGS);
  writeIfMissing(places.environmentFile, EXAMPLE_ENVIRONMENT);
  const intents = exampleIntents(places.source, nowMs);
  const promotions = examplePromotions(nowMs);
  dropAll(places.intents, intents);
  dropAll(places.promotions, promotions);
  return {
    files: Object.keys(EXAMPLE_FILES).length,
    intents: intents.length,
    promotions: promotions.length,
  };
}

function writeIfMissing(path: string, text: string): void {
  if (!existsSync(path)) writeFileSync(path, text, { mode: 0o600 });
}

/** Renamed into place, as a careful writer does. */
function dropAll(
  directory: string,
  files: readonly { readonly name: string; readonly content: object }[],
): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const { name, content } of files) {
    const path = join(directory, name);
    writeFileSync(`${path}.tmp`, `${JSON.stringify(content, null, 2)}\n`);
    renameSync(`${path}.tmp`, path);
  }
}
