import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { planSteps } from "./ok_steps.ts";

/**
 * Each gate, as `ok` runs it, on a small house of its own: it lets a sound one pass and stops what it is there for.
 * A gate that is configured so that it sees nothing would pass everything, and nobody would notice.
 */
const ROOT = resolve(import.meta.dirname, "../..");
const GATE_MS_MAX = 30_000;

type Files = Readonly<Record<string, string>>;

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

const MANIFEST = { name: "@kloros/a", version: "1.0.0", private: true, type: "module" };
const SOUND: Files = {
  "package.json": json({
    name: "house",
    version: "1.0.0",
    private: true,
    workspaces: ["packages/*"],
    type: "module",
    packageManager: "bun@1.4.5",
  }),
  "packages/zmq/package.json": json({ ...MANIFEST, exports: { ".": "./src/mod.ts" } }),
  "packages/zmq/README.md": "# a\n",
  "packages/zmq/src/mod.ts": 'export { open } from "./open.ts";\n',
  "packages/zmq/src/open.ts":
    "export async function open(path: string): Promise<string> {\n  return await Bun.file(path).text();\n}\n",
};

/** What each gate says of its violation: it has to stop it for the right reason. */
const SAYS: Readonly<Record<string, string>> = {
  format: "packages/zmq/src/mod.ts",
  types: "TS2322",
  lint: "no-floating-promises",
  knip: "unused",
  sherif: "yaml",
  tidy: "vague-names",
  layers: "path-import",
};

/** What each gate has to stop. */
const VIOLATIONS: Readonly<Record<string, Files>> = {
  format: { "packages/zmq/src/mod.ts": "export  {open} from './open.ts'" },
  types: { "packages/zmq/src/open.ts": "export function open(path: string): number {\n  return path;\n}\n" },
  // It takes the types of another file to see that this promise is dropped.
  lint: {
    "packages/zmq/src/mod.ts": 'export { start } from "./start.ts";\n',
    "packages/zmq/src/start.ts":
      'import { open } from "./open.ts";\n\nexport function start(): void {\n  open("a");\n}\n',
  },
  knip: { "packages/zmq/src/open.ts": `${SOUND["packages/zmq/src/open.ts"]}export const unused = 1;\n` },
  sherif: {
    "packages/b/package.json": json({ ...MANIFEST, name: "@kloros/b", dependencies: { yaml: "1.0.0" } }),
    "packages/c/package.json": json({ ...MANIFEST, name: "@kloros/c", dependencies: { yaml: "2.0.0" } }),
  },
  tidy: { "packages/zmq/src/socket_utils.ts": "" },
  layers: { "packages/zmq/src/open.ts": 'export { a as open } from "../../journal/src/mod.ts";\n' },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gates-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function makeHouse(name: string, files: Files): string {
  const house = join(folder, name);
  for (const [path, text] of Object.entries({ ...SOUND, ...files })) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), text);
  }
  for (const config of ["tsconfig.json", ".oxlintrc.json", ".oxfmtrc.json", "knip.json", ".gitignore"]) {
    cpSync(join(ROOT, config), join(house, config));
  }
  symlinkSync(join(ROOT, "node_modules"), join(house, "node_modules"));
  Bun.spawnSync(["git", "init", "-q"], { cwd: house });
  return house;
}

async function runGate(gate: string, house: string): Promise<{ code: number; said: string }> {
  const step = (await planSteps(house)).find((one) => one.name === gate);
  if (step === undefined) throw new Error(`there is no gate ${gate}`);
  const run = Bun.spawnSync([...step.command], { cwd: house, timeout: GATE_MS_MAX });
  return { code: run.exitCode, said: run.stdout.toString() + run.stderr.toString() };
}

describe("the gates", () => {
  test("each has a violation here", async () => {
    const gates = (await planSteps(folder)).filter((step) => step.kind === "gate").map((step) => step.name);
    expect(Object.keys(VIOLATIONS).toSorted()).toEqual(gates.toSorted());
  });

  for (const [gate, files] of Object.entries(VIOLATIONS)) {
    test(
      `${gate} lets a sound house pass and stops a violation`,
      async () => {
        const sound = await runGate(gate, makeHouse(`${gate}-sound`, {}));
        expect(sound.code === 0 ? "" : sound.said).toBe("");
        const broken = await runGate(gate, makeHouse(`${gate}-broken`, files));
        expect(broken.code).not.toBe(0);
        expect(broken.said).toContain(SAYS[gate] ?? "");
      },
      2 * GATE_MS_MAX,
    );
  }
});
