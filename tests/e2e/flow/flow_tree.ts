/** The source tree of a flow: generated packages with a known answer, also such that come while the flow runs. */
import { mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generateTree } from "@kloros/curiosity-core/testing";

export interface FlowTree {
  /** Modules that must be integrated, whatever happens. Grows with `add`. */
  readonly expected: Set<string>;
  /** Those without an `__init__.py`: the flow itself changes their evidence. */
  readonly bare: Set<string>;
  /** The registry as it was before the flow. */
  readonly registryText: string;
  /** Writes another package; `bare`: without `__init__.py`. */
  add(name: string, options?: { readonly bare?: boolean }): void;
}

const AGED_MS = 100 * 86_400_000;

export interface TreeOptions {
  /** Generated packages with a known answer. */
  readonly modules: number;
  readonly seed: number;
  /** Whether a quarter more come without an `__init__.py`. Default true. */
  readonly bare?: boolean;
}

export function growTree(root: string, options: TreeOptions): FlowTree {
  const { modules, seed, bare: alsoBare = true } = options;
  mkdirSync(root, { recursive: true });
  const generated = generateTree(root, modules, seed);
  const tree: FlowTree = {
    expected: new Set(generated.expected),
    bare: new Set(),
    registryText: readFileSync(generated.registry, "utf8"),
    add: (name, { bare = false } = {}) => {
      writePackage(join(root, name), name, bare);
      tree.expected.add(name);
      if (bare) tree.bare.add(name);
    },
  };
  const bareOnes = alsoBare ? Math.ceil(modules / 4) : 0;
  for (let index = 0; index < bareOnes; index++) tree.add(`bare_${String(index)}`, { bare: true });
  return tree;
}

/** Whole from one moment to the next: half of it would be asked about as it stands, and again when there is more. */
function writePackage(path: string, name: string, bare: boolean): void {
  const hidden = join(dirname(path), `.${name}`);
  const writtenAt = new Date(Date.now() - AGED_MS);
  const files = ["one.py", "two.py", "three.py", ...(bare ? [] : ["__init__.py"])];
  mkdirSync(hidden, { recursive: true });
  for (const file of files) {
    const text = `"""${file} of ${name}."""\nimport json\n\n\nclass Worker:\n    """Works."""\n\n    def run(self, value):\n        return json.dumps(value)\n`;
    writeFileSync(join(hidden, file), text);
    utimesSync(join(hidden, file), writtenAt, writtenAt);
  }
  utimesSync(hidden, writtenAt, writtenAt);
  renameSync(hidden, path);
}
