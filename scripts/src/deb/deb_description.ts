/** What the compiled program says about itself: the units and names that the package holds. */
import { DEB_LAYOUT } from "./deb_layout.ts";

export interface DebDescription {
  readonly version: string;
  readonly programs: readonly string[];
  readonly units: readonly { readonly path: string; readonly text: string; readonly mode: number }[];
  readonly enabled: readonly string[];
  readonly config: string;
}

/** Throws when the program does not run. */
export function describeProgram(program: string): DebDescription {
  const asked = Bun.spawnSync([program, "release", "describe", "--layout", JSON.stringify(DEB_LAYOUT)]);
  if (asked.exitCode !== 0) throw new Error(`${program} did not describe itself: ${asked.stderr.toString()}`);
  return JSON.parse(asked.stdout.toString()) as DebDescription;
}
