/** For tests: a program that describes itself as a release, and does nothing else. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ReleaseDescription } from "../release/release_description.ts";
import { SYSTEM_LAYOUT } from "../units/layout.ts";

/** One unit and one account file, enough to be looked after. */
export function sampleDescription(
  version: string,
  more: Partial<ReleaseDescription> = {},
): ReleaseDescription {
  const unit = (name: string, text: string) => ({
    path: `${SYSTEM_LAYOUT.unitDirectory}/${name}`,
    text: `# Generated from cli/src/testing.\n${text}\n`,
    mode: 0o644,
  });
  return {
    format: 1,
    version,
    programs: ["chemical-bus", "intent-router"],
    journal: { version: 2, backTo: 2 },
    units: [
      unit("kloros-chemical-bus.service", `[Service]\nType=notify\n# of ${version}`),
      unit("kloros.target", "[Unit]"),
    ],
    enabled: [],
    config: "# yours\n[kloros]\n",
    ...more,
  };
}

export function writeSampleRelease(path: string, description: ReleaseDescription): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\ncat <<'END'\n${JSON.stringify(description)}\nEND\n`);
  chmodSync(path, 0o755);
  return path;
}
