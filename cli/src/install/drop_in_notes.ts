/** A drop-in is the operator's right, and the first place to look when a service is not as documented. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { isOfMigration } from "../migrate/role_file.ts";

/** What overrides these units; `root`: of the image that they lie in. */
export function dropInNotes(units: readonly string[], root: string): readonly string[] {
  return units.flatMap((path) => {
    const directory = join(root, `${path}.d`);
    const files = namesIn(directory).filter(
      (name) => name.endsWith(".conf") && !isOfMigration(join(directory, name)),
    );
    return files.length === 0 ? [] : [`${path}.d overrides ${basename(path)}: ${files.join(", ")}`];
  });
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}
