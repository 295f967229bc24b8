/** Writes the generated reference: `bun cli/src/reference/write.ts`. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { unitPages } from "../units/unit_pages.ts";
import { referencePages } from "./pages.ts";

const root = join(import.meta.dir, "../../..");
const pages = new Map([...(await referencePages()), ...unitPages()]);
for (const [path, content] of pages) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}
console.log(`wrote ${[...pages.keys()].join(", ")}`);
