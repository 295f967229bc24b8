import { describe, expect, test } from "bun:test";
import { checkLayers } from "./layers_check.ts";
import { LAYERS } from "./layers_map.ts";
import { treeFile } from "./tree_files.ts";

interface Manifest {
  readonly dependencies?: readonly string[];
  readonly devDependencies?: readonly string[];
}

const EVERYTHING = [...Object.keys(LAYERS), "intent-router", "chemical-bus", "cli"].map(
  (name) => `@kloros/${name}`,
);
const FOLDERS = [
  ...Object.keys(LAYERS).map((name) => `packages/${name}`),
  "services/intent-router",
  "services/chemical-bus",
  "cli",
  "tests",
  "scripts",
];

function manifestFile(folder: string, { dependencies = EVERYTHING, devDependencies = [] }: Manifest) {
  const versions = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, "workspace:*"]));
  const exports = { ".": "./src/mod.ts", "./testing": "./src/testing.ts" };
  const text = { exports, dependencies: versions(dependencies), devDependencies: versions(devDependencies) };
  return treeFile(`${folder}/package.json`, JSON.stringify(text));
}

/** The rules that one import, written in one file of an otherwise well-formed house, breaks. */
function faults(path: string, source: string, manifest: Manifest = {}): string[] {
  const owner = FOLDERS.find((folder) => path.startsWith(`${folder}/`));
  const manifests = FOLDERS.map((folder) => manifestFile(folder, folder === owner ? manifest : {}));
  return checkLayers([...manifests, treeFile(path, source)]).map((finding) => finding.rule);
}

const imports = (specifier: string): string => `import { a } from "${specifier}";`;

describe("layers", () => {
  test("arrows point upwards only", () => {
    expect(faults("packages/journal/src/a.ts", imports("@kloros/signal-schema"))).toEqual([]);
    expect(faults("packages/signal-schema/src/a.ts", imports("@kloros/journal"))).toEqual(["arrow"]);
    expect(faults("packages/zmq/src/a.ts", imports("@kloros/signal-schema"))).toEqual(["arrow"]);
    expect(faults("packages/journal/src/a.ts", imports("@kloros/bus-client"))).toEqual(["arrow"]);
    expect(faults("packages/bus-client/src/a.ts", imports("@kloros/zmq"))).toEqual([]);
    expect(faults("packages/bus-client/src/a.ts", imports("@kloros/daemon"))).toEqual(["arrow"]);
  });

  test("a type may come from further up, but not from below", () => {
    const types = 'import type { A } from "@kloros/journal";';
    expect(faults("packages/daemon/src/a.ts", types)).toEqual([]);
    expect(faults("packages/daemon/src/a.ts", imports("@kloros/journal"))).toEqual(["arrow"]);
    expect(faults("services/intent-router/src/a.ts", types)).toEqual([]);
    expect(faults("packages/signal-schema/src/a.ts", types)).toEqual(["arrow"]);
    expect(faults("packages/zmq/src/a.ts", types)).toEqual(["arrow"]);
  });

  test("the drawing itself has no circle", () => {
    const visit = (name: string, path: readonly string[]): void => {
      expect(path).not.toContain(name);
      for (const next of LAYERS[name] ?? []) visit(next, [...path, name]);
    };
    for (const name of Object.keys(LAYERS)) visit(name, []);
  });

  test("services never import each other, nor the journal unless they own it", () => {
    expect(faults("services/intent-router/src/a.ts", imports("@kloros/chemical-bus"))).toEqual(["arrow"]);
    expect(faults("services/intent-router/src/a_test.ts", imports("@kloros/chemical-bus"))).toEqual([
      "arrow",
    ]);
    expect(faults("services/intent-router/src/a.ts", imports("@kloros/journal"))).toEqual(["arrow"]);
    expect(faults("services/chemical-bus/src/a.ts", imports("@kloros/journal"))).toEqual([]);
    expect(faults("services/intent-router/src/a.ts", imports("@kloros/daemon"))).toEqual([]);
  });

  test("the command may import services and packages, nothing may import the command", () => {
    expect(faults("cli/src/a.ts", imports("@kloros/intent-router"))).toEqual([]);
    expect(faults("cli/src/a.ts", imports("@kloros/journal"))).toEqual([]);
    expect(faults("packages/daemon/src/a.ts", imports("@kloros/cli"))).toEqual(["arrow"]);
    expect(faults("services/intent-router/src/a.ts", imports("@kloros/cli"))).toEqual(["arrow"]);
  });

  test("what crosses packages may import anything by its name", () => {
    expect(faults("tests/e2e/a_test.ts", imports("@kloros/chemical-bus"))).toEqual([]);
    expect(faults("scripts/src/a.ts", imports("@kloros/cli"))).toEqual([]);
  });

  test("a test may stand on any layer that does not stand on its own package", () => {
    expect(faults("packages/daemon/src/a_test.ts", imports("@kloros/journal"))).toEqual([]);
    expect(faults("packages/signal-schema/src/a_test.ts", imports("@kloros/journal"))).toEqual(["arrow"]);
  });

  test("a relative path that leaves the package is found, however it is written", () => {
    const leave = "../../zmq/src/mod.ts";
    const path = "packages/journal/src/a.ts";
    expect(faults(path, imports(leave))).toEqual(["path-import"]);
    expect(faults(path, `export type { A } from "${leave}";`)).toEqual(["path-import"]);
    expect(faults(path, `const a = await import("${leave}");`)).toEqual(["path-import"]);
    expect(faults(path, `type A = import("${leave}").A;`)).toEqual(["path-import"]);
    expect(faults(path, `new Worker(new URL("${leave}", import.meta.url));`)).toEqual(["path-import"]);
    expect(faults(path, `const a = require("${leave}");`)).toEqual(["path-import"]);
    expect(faults(path, imports("../node_modules/zeromq/lib/index.js"))).toEqual(["path-import"]);
    expect(faults(path, imports("./b.ts"))).toEqual([]);
    expect(faults(path, imports("../../../package.json"))).toEqual([]);
    expect(faults(path, imports("../../zmq/package.json"))).toEqual(["path-import"]);
    expect(faults(path, `// import "${leave}"\nexport const a = 'import "${leave}"';`)).toEqual([]);
  });

  test("a suite may start another package's program by its place, but not import it so", () => {
    const program = "../../services/chemical-bus/src/main.ts";
    expect(faults("tests/e2e/a_test.ts", `new URL("${program}", import.meta.url);`)).toEqual([]);
    expect(faults("tests/e2e/a_test.ts", imports(program))).toEqual(["path-import"]);
  });

  test("an import past a door, of oneself, of nobody, or of one machine's file is found", () => {
    const path = "packages/daemon/src/a.ts";
    expect(faults(path, imports("@kloros/bus-client/src/local.ts"))).toEqual(["deep-import"]);
    expect(faults(path, imports("@kloros/daemon"))).toEqual(["own-door"]);
    expect(faults(path, imports("@kloros/nobody"), { dependencies: ["@kloros/nobody"] })).toEqual([
      "unknown-package",
    ]);
    expect(faults(path, imports("/opt/a.ts"))).toEqual(["absolute-import"]);
  });

  test("testing helpers are for tests", () => {
    const helper = imports("@kloros/bus-client/testing");
    expect(faults("packages/daemon/src/a.ts", helper)).toEqual(["testing-import"]);
    expect(faults("packages/daemon/src/a_test.ts", helper)).toEqual([]);
    expect(faults("packages/daemon/src/testing.ts", helper)).toEqual([]);
  });

  test("an undeclared package is found even when the root would provide it", () => {
    const path = "packages/zmq/src/a.ts";
    expect(faults(path, imports("zeromq"), { dependencies: [] })).toEqual(["undeclared"]);
    expect(faults(path, imports("zeromq/lib/x.js"), { dependencies: ["zeromq"] })).toEqual([]);
    expect(faults(path, imports("fast-check"), { devDependencies: ["fast-check"] })).toEqual(["undeclared"]);
    expect(
      faults("packages/zmq/src/a_test.ts", imports("fast-check"), { devDependencies: ["fast-check"] }),
    ).toEqual([]);
    expect(faults(path, imports("node:fs"), { dependencies: [] })).toEqual([]);
    expect(faults(path, imports("bun:ffi"), { dependencies: [] })).toEqual([]);
  });
});
