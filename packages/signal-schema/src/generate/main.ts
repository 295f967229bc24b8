/** Writes the generated reference: `bun packages/signal-schema/src/generate/main.ts`. */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import manifest from "../../package.json";
import { SCHEMAS_DIRECTORY, generatedFiles } from "./outputs.ts";

const root = join(import.meta.dir, "../../../..");
const files = generatedFiles(manifest.version);

await mkdir(join(root, SCHEMAS_DIRECTORY), { recursive: true });
for (const [path, content] of files) await writeFile(join(root, path), content);
for (const entry of await readdir(join(root, SCHEMAS_DIRECTORY))) {
  const path = `${SCHEMAS_DIRECTORY}/${entry}`;
  if (!files.has(path)) await rm(join(root, path));
}
console.log(`wrote ${files.size} files below docs/reference`);
