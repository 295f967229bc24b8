/** `bun scripts/src/layers.ts [ROOT]`: every import against the drawing of the architecture. Exit code 1 on any finding. */
import { join, resolve } from "node:path";
import { checkLayers } from "./layers_check.ts";
import { formatFinding, readTree } from "./tree_files.ts";

const files = await readTree(resolve(process.argv[2] ?? join(import.meta.dirname, "../..")));
const findings = checkLayers(files);
for (const finding of findings) console.error(formatFinding(finding));
const imports = files.reduce((sum, file) => sum + (file.syntax?.imports.length ?? 0), 0);
console.log(`layers: ${imports} imports, ${findings.length} findings`);
// A check that sees nothing passes everything: an empty tree is a fault of the check.
process.exitCode = findings.length === 0 && imports > 0 ? 0 : 1;
