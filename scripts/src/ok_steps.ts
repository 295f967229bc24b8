import { basename, join } from "node:path";

/** One thing that `bun run ok` runs. Gates look at the code, tests run it. */
export interface Step {
  /** `types`, `unit/zmq`, `suite/e2e`: what `--only` names. */
  readonly name: string;
  readonly kind: "gate" | "tests";
  readonly command: readonly string[];
  readonly timeoutMs: number;
  /** Steps that may share the machine's cores with others; suites measure time and start many processes. */
  readonly alone: boolean;
}

const GATE_TIMEOUT_MS = 120_000;
/** A hang costs a test's own limit and is named; this ends what hangs outside of one. The longest computes 95 s (cli), and 420 s (e2e). */
const UNIT_TIMEOUT_MS = 1_200_000;
const SUITE_TIMEOUT_MS = 2_700_000;
/**
 * For a test or hook that names no limit of its own. Bun 1.4.5 reads no such limit from bunfig.toml and would end
 * a test at 5 s, which the tests that start processes reach on a machine that is busy with something else.
 */
const TEST_TIMEOUT_MS = 60_000;
/** Reports, does not judge: run by ./scripts/bench. */
const NOT_A_SUITE = new Set(["bench"]);

const GATES: readonly (readonly [name: string, tool: string, ...args: string[]])[] = [
  ["format", "oxfmt", "--check"],
  ["types", "tsc", "--noEmit"],
  ["lint", "oxlint", "--type-aware", "--deny-warnings"],
  ["knip", "knip", "--no-progress", "--no-config-hints"],
  ["sherif", "sherif"],
];

/** `bun --bun`: the tools are started by the pinned Bun, so that a machine without Node can run them. */
function toolGate(root: string, [name, tool, ...args]: (typeof GATES)[number]): Step {
  const command = [process.execPath, "--bun", join(root, "node_modules/.bin", tool), ...args];
  return { name, kind: "gate", command, timeoutMs: GATE_TIMEOUT_MS, alone: false };
}

function ownGate(root: string, name: string): Step {
  const command = [process.execPath, join(import.meta.dirname, `${name}.ts`), root];
  return { name, kind: "gate", command, timeoutMs: GATE_TIMEOUT_MS, alone: false };
}

function testStep(name: string, folder: string, timeoutMs: number, alone: boolean): Step {
  const command = [process.execPath, "test", `--timeout=${TEST_TIMEOUT_MS}`, `./${folder}/`];
  return { name, kind: "tests", command, timeoutMs, alone };
}

/** Folders directly under one of `patterns` that hold at least one test, sorted. */
async function foldersWithTests(root: string, patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const depth = pattern.split("/").length;
    const glob = new Bun.Glob(`${pattern}/**/*_test.ts`);
    for await (const path of glob.scan({ cwd: root, onlyFiles: true })) {
      if (path.includes("node_modules/")) continue;
      found.add(path.split("/").slice(0, depth).join("/"));
    }
  }
  return [...found].toSorted();
}

export async function planSteps(root: string): Promise<Step[]> {
  const units = await foldersWithTests(root, ["packages/*", "services/*", "cli", "scripts"]);
  const suites = await foldersWithTests(root, ["tests/*"]);
  return [
    ...GATES.map((gate) => toolGate(root, gate)),
    ownGate(root, "tidy"),
    ownGate(root, "layers"),
    ...units.map((folder) => testStep(`unit/${basename(folder)}`, folder, UNIT_TIMEOUT_MS, false)),
    ...suites
      .filter((folder) => !NOT_A_SUITE.has(basename(folder)))
      .map((folder) => testStep(`suite/${basename(folder)}`, folder, SUITE_TIMEOUT_MS, true)),
  ];
}

/** `only` names steps by their whole name, their group (`unit`) or their last part (`zmq`). Empty: all. */
export function selectSteps(
  steps: readonly Step[],
  options: { readonly only: readonly string[]; readonly fast: boolean },
): Step[] {
  for (const name of options.only) {
    if (steps.some((step) => isNamed(step, name))) continue;
    throw new Error(`--only ${name}: there is no such step; --list shows the ${steps.length} there are`);
  }
  return steps
    .filter((step) => !options.fast || !step.alone)
    .filter((step) => options.only.length === 0 || options.only.some((name) => isNamed(step, name)));
}

function isNamed(step: Step, name: string): boolean {
  return step.name === name || step.name.split("/").includes(name);
}
