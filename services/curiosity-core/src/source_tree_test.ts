import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseQuestions } from "./decide.ts";
import { readKnownModules } from "./known_modules.ts";
import { surveySource } from "./source_tree.ts";
import { generateTree } from "./testing.ts";

const LIMITS = { modulesMax: 1000, filesPerModuleMax: 100 };
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "source-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), "");
  }
}

describe("surveySource()", () => {
  test("counts the Python files directly in each directory of the top level", async () => {
    write("audio/__init__.py", "audio/a.py", "audio/sub/b.py", "audio/README.md", "audio/c.txt", "top.py");
    const { findings } = await surveySource(root, LIMITS);
    expect(findings).toMatchObject([
      { name: "audio", path: join(root, "audio"), hasInit: true, pyFiles: 2, hasReadme: true },
    ]);
  });

  test("follows no link to a directory, and counts no directory for a file", async () => {
    write("real/a.py");
    mkdirSync(join(root, "real", "b.py"));
    mkdirSync(join(root, "real", "README.md"));
    symlinkSync(join(root, "real"), join(root, "linked"));
    symlinkSync(join(root, "nowhere"), join(root, "real", "dangling.py"));
    symlinkSync(join(root, "real", "a.py"), join(root, "real", "__init__.py"));
    const { findings } = await surveySource(root, LIMITS);
    expect(findings).toMatchObject([{ name: "real", pyFiles: 2, hasInit: true, hasReadme: false }]);
  });

  test("bounds what it looks at, and says how much was left out", async () => {
    write(...["a", "b", "c"].map((name) => `${name}/x.py`));
    write(...Array.from({ length: 20 }, (_, index) => `a/f${index}.py`));
    const survey = await surveySource(root, { modulesMax: 2, filesPerModuleMax: 10 });
    expect(survey.findings.length).toBe(2);
    expect(survey.leftOut).toBe(1);
    for (const { pyFiles } of survey.findings) expect(pyFiles).toBeLessThanOrEqual(10);
  });

  test("throws when the root is not there", async () => {
    expect(surveySource(join(root, "nowhere"), LIMITS)).rejects.toThrow("ENOENT");
    await Promise.resolve();
  });

  test("finds in a generated tree what the generator says is there", async () => {
    const tree = generateTree(root, 40, 7);
    const { findings } = await surveySource(root, LIMITS);
    const known = readKnownModules(await Bun.file(tree.registry).text());
    if (!known.ok) throw new Error(known.reason);
    const questions = chooseQuestions({
      findings,
      known: known.names,
      asked: new Set(),
      isSettled: () => true,
      nowMs: Date.now(),
    });
    expect(questions.map(({ facts }) => facts.module_name ?? "").toSorted()).toEqual([...tree.expected]);
    expect(Object.fromEntries(findings.map(({ name, pyFiles }) => [name, pyFiles]))).toMatchObject(
      tree.pyFiles,
    );
  });
});
