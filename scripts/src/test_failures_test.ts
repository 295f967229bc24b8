import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTestFailures, isWholeRun } from "./test_failures.ts";
import type { TestFailure } from "./test_failures.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "failures-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const HEAD = `import { test, expect, describe, beforeAll, afterAll } from "bun:test";\n`;

/** What `bun test` really prints for a file with this source. */
function runTests(source: string): string {
  writeFileSync(join(folder, "sample_test.ts"), HEAD + source);
  const run = Bun.spawnSync([process.execPath, "test", "--timeout=15000"], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1", CI: "true" },
  });
  return run.stdout.toString() + run.stderr.toString();
}

const names = (failures: readonly TestFailure[]): string[] => failures.map((failure) => failure.name);
const text = (failure: TestFailure | undefined): string => failure?.lines.join("\n") ?? "";

describe("the failures of a test run", () => {
  test("are named as Bun names them, with what was printed about each and nothing of others", () => {
    const output = runTests(`
      test("fine", () => {});
      describe("group", () => {
        test("is > 1", () => expect(1).toBe(2));
        test("throws", () => { throw new Error("oh"); });
        test.skip("skipped", () => {});
      });`);
    const failures = findTestFailures(output);
    expect(names(failures)).toEqual(["group > is > 1", "group > throws"]);
    expect(failures.map((failure) => failure.file)).toEqual(["sample_test.ts", "sample_test.ts"]);
    expect(text(failures[0])).toContain("Expected: 2");
    expect(text(failures[1])).toContain("error: oh");
    expect(text(failures[1])).not.toContain("Expected: 2");
    expect(isWholeRun(output)).toBe(true);
  });

  test("say that a test came to its time limit, which Bun prints behind the name", () => {
    const [slow, next] = findTestFailures(
      runTests(`test("slow", async () => { await Bun.sleep(5000); }, 30);
        test("next", () => { throw new Error("oh"); });`),
    );
    expect(slow).toMatchObject({ name: "slow", lines: ["  ^ this test timed out after 30ms."] });
    expect(next?.name).toBe("next");
  });

  test("include a hook that failed", () => {
    const source = `describe("group", () => { afterAll(() => { throw new Error("in a hook"); }); test("fine", () => {}); });`;
    const [hook] = findTestFailures(runTests(source));
    expect(hook?.name).toStartWith("group > ");
    expect(text(hook)).toContain("in a hook");
  });

  test("include an error between tests, under its file and what it says", () => {
    const failures = findTestFailures(runTests(`test("fine", () => {}); throw new TypeError("at the top");`));
    expect(names(failures)).toEqual(["sample_test.ts: between tests: TypeError: at the top"]);
    expect(text(failures[0])).toContain("sample_test.ts:2");
  });

  test("are found in an output that broke off", () => {
    const crashed = runTests(`test("bad", () => { throw new Error("oh"); });
      test("ends all", () => { process.kill(process.pid, "SIGKILL"); });`);
    expect(isWholeRun(crashed)).toBe(false);
    expect(names(findTestFailures("a_test.ts:\n\n# Unhandled error between tests"))).toEqual([
      "a_test.ts: between tests: ",
    ]);
    expect(findTestFailures("Segmentation fault")).toEqual([]);
  });

  test("are not counted again where Bun repeats them at its end", () => {
    const output =
      "a_test.ts:\nerror: x\n(fail) bad [1.00ms]\n\n1 tests failed:\n(fail) bad [1.00ms]\n\n 0 pass\n";
    expect(names(findTestFailures(output))).toEqual(["bad"]);
  });
});
