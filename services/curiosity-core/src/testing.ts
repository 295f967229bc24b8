/**
 * For tests: a synthetic Python source tree with a known answer. The same seed gives the same tree.
 *
 * Among the packages that shall be found stand decoys: what is registered already (by key, or by the last part of a
 * dotted `module`), and what never shall be asked about (tests, hidden, caches, no Python, too little to be worth it).
 */
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { choicesOf } from "@kloros/signal-schema/testing";

export interface GeneratedTree {
  readonly root: string;
  readonly registry: string;
  /** Names of the modules that shall be asked about, sorted. */
  readonly expected: readonly string[];
  /** Names that the registry knows, sorted. */
  readonly registered: readonly string[];
  /** Top-level directories that are no modules. */
  readonly decoys: readonly string[];
  /** Per expected module: `*.py` directly in it. */
  readonly pyFiles: Readonly<Record<string, number>>;
}

const WORDS = [
  "audio",
  "vision",
  "memory",
  "speech",
  "planner",
  "sensor",
  "router",
  "index",
  "graph",
  "store",
];
const DECOYS: Readonly<Record<string, readonly string[]>> = {
  tests: ["test_one.py", "test_two.py", "__init__.py"],
  __pycache__: ["a.cpython-311.pyc"],
  ".hidden": ["__init__.py"],
  assets: ["logo.svg"],
  handbook: ["README.md"],
  lonely: ["one.py"],
};
/** Old enough that a `lonely` file is worth nothing and a package is not taken for one being written. */
const AGE_MS = 100 * 86_400_000;

/** `count` packages that shall be found, below `root`; every fifth of as many more is registered already. */
export function generateTree(root: string, count: number, seed: number): GeneratedTree {
  const { random } = choicesOf(seed);
  const writtenAt = new Date(Date.now() - AGE_MS);
  const expected: string[] = [];
  const registered: string[] = [];
  const pyFiles: Record<string, number> = {};
  for (let index = 0; index < count; index += 1) {
    const name = `${WORDS[index % WORDS.length] ?? "module"}_${index}`;
    pyFiles[name] = writePackage(join(root, name), random, writtenAt);
    expected.push(name);
    if (index % 5 !== 0) continue;
    const known = `known_${index}`;
    writePackage(join(root, known), random, writtenAt);
    registered.push(known);
  }
  for (const [name, files] of Object.entries(DECOYS)) writeFiles(join(root, name), files, writtenAt);
  const registry = join(root, "registry", "capabilities.yaml");
  mkdirSync(dirname(registry), { recursive: true });
  writeFileSync(registry, registryText(registered));
  return {
    root,
    registry,
    expected: expected.toSorted(),
    registered: registered.toSorted(),
    decoys: Object.keys(DECOYS),
    pyFiles,
  };
}

function writePackage(path: string, random: () => number, writtenAt: Date): number {
  const modules = 1 + Math.floor(random() * 5);
  const names = Array.from({ length: modules }, (_, index) => `part_${index}.py`);
  const readme = random() < 0.3 ? ["README.md"] : [];
  writeFiles(path, ["__init__.py", ...names, ...readme], writtenAt);
  return names.length + 1;
}

function writeFiles(path: string, names: readonly string[], writtenAt: Date): void {
  mkdirSync(path, { recursive: true });
  for (const name of names) {
    writeFileSync(join(path, name), contentOf(name));
    utimesSync(join(path, name), writtenAt, writtenAt);
  }
  utimesSync(path, writtenAt, writtenAt);
}

function contentOf(name: string): string {
  if (!name.endsWith(".py")) return `# ${name}\n`;
  const part = name.replace(/\W/g, "_");
  return `"""Part ${name}."""
import json


class Worker_${part}:
    """Works on one thing."""

    def run(self, value: int) -> int:
        """Returns it, plus one."""
        return value + 1


def dump_${part}(value):
    """As JSON."""
    return json.dumps(value)
`;
}

/** Half of the names are keys, half only the last part of a dotted module. */
function registryText(registered: readonly string[]): string {
  const entries = registered.map((name, index) =>
    index % 2 === 0
      ? `${name}:\n  module: ${name}\n  enabled: true  # by hand\n`
      : `capability_${index}:\n  module: src.parts.${name}\n  enabled: true\n`,
  );
  return `# Capabilities of this system.\n\n${entries.join("\n")}`;
}

/** For tests that let the decisions of this service run without its files. */
export { Asked } from "./asked.ts";
export { chooseQuestions } from "./decide.ts";
export type { Finding } from "./finding.ts";
export { questionSignalId } from "./question.ts";
