import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { planSteps, selectSteps } from "./ok_steps.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "steps-"));
  for (const path of [
    "packages/zmq/src/socket_test.ts",
    "packages/quiet/src/socket.ts",
    "services/intent-router/src/decide_test.ts",
    "services/intent-router/node_modules/foreign/src/a_test.ts",
    "cli/src/status_test.ts",
    "scripts/node_modules/foreign/a_test.ts",
    "tests/e2e/flow_test.ts",
    "tests/bench/timing_test.ts",
  ]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
  }
});
afterAll(() => rmSync(root, { recursive: true }));

const names = (steps: readonly { name: string }[]): string[] => steps.map((step) => step.name);
const GATES = ["format", "types", "lint", "knip", "sherif", "tidy", "layers"];
const ALL = { only: [], fast: false };

describe("the steps of ok", () => {
  test("are the gates, then each package that has tests, then the suites without the benchmarks", async () => {
    const units = ["unit/cli", "unit/zmq", "unit/intent-router"];
    expect(names(selectSteps(await planSteps(root), ALL))).toEqual([...GATES, ...units, "suite/e2e"]);
  });

  test("leave out the suites when it has to be fast", async () => {
    const steps = selectSteps(await planSteps(root), { only: [], fast: true });
    expect(names(steps)).not.toContain("suite/e2e");
    expect(names(steps)).toContain("unit/zmq");
  });

  test("can be named in full, by group or by the last part", async () => {
    const steps = await planSteps(root);
    const only = (...wanted: string[]): string[] => names(selectSteps(steps, { only: wanted, fast: false }));
    expect(only("types")).toEqual(["types"]);
    expect(only("unit/zmq")).toEqual(["unit/zmq"]);
    expect(only("unit")).toEqual(["unit/cli", "unit/zmq", "unit/intent-router"]);
    expect(only("e2e", "tidy")).toEqual(["tidy", "suite/e2e"]);
  });

  test("a name that no step has is an error, not an empty success", async () => {
    const steps = await planSteps(root);
    expect(() => selectSteps(steps, { only: ["typos"], fast: false })).toThrow(
      "--only typos: there is no such step",
    );
  });

  test("give every test the limit that `bun run test` gives it", async () => {
    const [step] = selectSteps(await planSteps(root), { only: ["zmq"], fast: false });
    const limit = step?.command.find((argument) => argument.startsWith("--timeout="));
    const { scripts } = await Bun.file(join(import.meta.dirname, "../../package.json")).json();
    expect(scripts.test).toStartWith(`bun test ${String(limit)} `);
  });

  test("look for a package's tests under its own folder, not under one whose name begins the same", async () => {
    const [step] = selectSteps(await planSteps(root), { only: ["zmq"], fast: false });
    expect(step?.command.at(-1)).toBe("./packages/zmq/");
  });
});
