import { join } from "node:path/posix";
import type { Remark, Rule } from "./tidy_rules.ts";
import type { TreeFile } from "./tree_files.ts";

/** A decision is (input, state, now) → steps: given the same, it decides the same, and it can be asked twice. */
const IMPURE_MODULE = /^(node|bun):|^bun$|^@kloros\/(bus-client|daemon|journal|zmq)$/;
const IMPURE_USE =
  /^(Date\.now|new Date\(\)|Math\.random|performance\..+|crypto\..+|Bun\.(?!CryptoHasher$|hash$).+|process\..+|setTimeout|setInterval|setImmediate|queueMicrotask|fetch|console\..+)$/;

const DECIDE = /\/decide(_[a-z0-9_]+)?\.ts$/;

export const pureDecisions: Rule = {
  name: "pure-decisions",
  why: "decide.ts imports no bus, no node, no clock, also not through what it imports",
  check: (file, tree) =>
    DECIDE.test(file.path) && !file.path.endsWith("_test.ts") ? impurities(file, tree, new Set()) : [],
};

/** Follows the imports that stay in the package. A remark about a file behind it says by which import. */
function impurities(file: TreeFile, tree: ReadonlyMap<string, TreeFile>, seen: Set<string>): Remark[] {
  if (file.syntax === undefined || seen.has(file.path)) return [];
  seen.add(file.path);
  const runtime = file.syntax.imports.filter((one) => !one.typeOnly);
  const imports = runtime
    .filter(({ specifier }) => IMPURE_MODULE.test(specifier))
    .map(({ specifier, line }) => ({ line, message: `imports ${specifier}` }));
  const uses = file.syntax.uses
    .filter(({ name }) => IMPURE_USE.test(name))
    .map(({ name, line }) => ({ line, message: `uses ${name}: let it come in as an argument` }));
  const behind = runtime.flatMap(({ specifier, line }) => {
    const target = specifier.startsWith(".") ? tree.get(join(file.path, "..", specifier)) : undefined;
    if (target === undefined) return [];
    return impurities(target, tree, seen).map(({ message }) => ({
      line,
      message: `${specifier}: ${message}`,
    }));
  });
  return [...imports, ...uses, ...behind];
}
