/** `bun scripts/src/tidy.ts [ROOT]`: the rules of the house that no other tool knows. Exit code 1 on any finding. */
import { resolve } from "node:path";
import { ALLOWANCES } from "./tidy_allowances.ts";
import { checkTree, RULES } from "./tidy_rules.ts";
import { formatFinding, readTree } from "./tree_files.ts";

const house = resolve(import.meta.dirname, "../..");
const root = resolve(process.argv[2] ?? house);
const files = await readTree(root);
// The exceptions are about this house's own files.
const findings = checkTree(files, root === house ? ALLOWANCES : []);
for (const finding of findings) console.error(formatFinding(finding));
for (const rule of RULES.filter(({ name }) => findings.some((finding) => finding.rule === name))) {
  console.error(`  ${rule.name}: ${rule.why}`);
}
console.log(`tidy: ${files.length} files, ${RULES.length} rules, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
