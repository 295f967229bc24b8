import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findWorkers, planTargets, selectTargets } from "./build_targets.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "targets-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text = ""): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const STARTS_THREAD = 'new Worker(new URL("./read_worker.ts", import.meta.url).href);';

describe("what is built", () => {
  test("is each service, and the command with a link per service", async () => {
    for (const path of ["services/b/src/main.ts", "services/a/src/main.ts", "services/c/src/mod.ts"])
      write(path);
    write("cli/src/main.ts");
    expect(await planTargets(root)).toEqual([
      { name: "a", main: "services/a/src/main.ts", outfile: "bin/a", links: [] },
      { name: "b", main: "services/b/src/main.ts", outfile: "bin/b", links: [] },
      { name: "kloros", main: "cli/src/main.ts", outfile: "multicall/kloros", links: ["a", "b"] },
    ]);
  });

  test("is also what a package declares as a program, once it is there", async () => {
    const manifest = JSON.stringify({ bin: { "kloros-x": "src/main.ts", "kloros-later": "src/later.ts" } });
    write("packages/x/package.json", manifest);
    write("packages/y/package.json", "{}");
    write("packages/x/src/main.ts");
    write("cli/src/main.ts");
    expect(await planTargets(root)).toEqual([
      { name: "kloros-x", main: "packages/x/src/main.ts", outfile: "bin/kloros-x", links: [] },
      { name: "kloros", main: "cli/src/main.ts", outfile: "multicall/kloros", links: ["kloros-x"] },
    ]);
  });

  test("can be narrowed, but not to what does not exist", async () => {
    write("services/a/src/main.ts");
    const targets = await planTargets(root);
    expect(selectTargets(targets, ["a"])).toEqual(targets);
    expect(() => selectTargets(targets, ["b"])).toThrow("--only b: there is no such program; there are a");
  });

  test("includes the files that become threads, but not those of tests", async () => {
    write("packages/journal/src/reader.ts", STARTS_THREAD);
    write("packages/zmq/src/reader_test.ts", STARTS_THREAD);
    write("packages/zmq/src/fixtures/reader.ts", STARTS_THREAD);
    write(
      "packages/daemon/src/text.ts",
      'new URL("./page.html", import.meta.url); new URL("./x.ts", "file:///");',
    );
    expect(await findWorkers(root)).toEqual(["packages/journal/src/read_worker.ts"]);
  });
});
