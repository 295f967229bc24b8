import { describe, expect, test } from "bun:test";
import { ModuleCollector, type ModuleFindings } from "./module_structure.ts";
import { extractStructure } from "./python/extract.ts";
import { loadPythonParser } from "./python/parser.ts";
import { analyseStatically, integrationPoints } from "./static_analyst.ts";

const python = await loadPythonParser();

function findings(files: Record<string, string>): ModuleFindings {
  const collector = new ModuleCollector();
  for (const [file, source] of Object.entries(files)) {
    const structure = extractStructure(python, source, { msMax: 5_000 });
    if (structure === undefined) throw new Error(`parsing ${file} took too long`);
    collector.add(file, structure);
  }
  return collector.finish();
}

const analyse = (files: Record<string, string>) =>
  analyseStatically({ moduleName: "audio", question: "?", findings: findings(files) });

describe("analyseStatically()", () => {
  test("takes the purpose from the shallowest docstring, the package's own first", () => {
    const analysis = analyse({
      "deep/more.py": '"""Deep."""',
      "a.py": '"""A part."""',
      "__init__.py": '"""Sound in\nand out.\n\nMore."""',
    });
    expect(analysis.purpose).toBe("Sound in and out.");
  });

  test("passes over a heading to the text below it", () => {
    expect(analyse({ "__init__.py": '"""\n  Pygments\n  ~~~~~~~~\n\n  Colours code.\n"""' }).purpose).toBe(
      "Colours code.",
    );
    expect(analyse({ "__init__.py": '"""Title\n====="""' }).purpose).toBe("Title =====");
  });

  test("lists what is public: documented first, tests and private names left out", () => {
    const analysis = analyse({
      "play.py": 'def stop(): pass\ndef play(file):\n    "Plays a file."\ndef _hidden(): pass\n',
      "device.py": 'class Device:\n    "One device."\n    def __init__(self, name): pass\n',
      "tests/test_play.py": 'def test_play():\n    "Not offered."\n',
    });
    expect(analysis.capabilities).toEqual(["play: Plays a file.", "Device: One device.", "stop"]);
    expect(analysis.callable_interface).toEqual(["play.stop()", "play.play(file)", "device.Device(name)"]);
    expect(analysis.key_abstractions).toEqual(["Device"]);
  });

  test.each([
    [{ "__main__.py": "x = 1" }, "application"],
    [{ "a.py": "def main(): pass" }, "application"],
    [{ "a.py": "class A: pass" }, "library"],
    [{ "a.py": "def f(): pass" }, "functions"],
    [{ "a.py": "X = 1\n" }, "data"],
    [{ "__init__.py": "" }, "package"],
  ] as const)("calls %j an/a %s", (files, kind) => {
    expect(analyse(files).module_kind).toBe(kind);
  });

  test("is sure when a file was parsed, and not when none was", () => {
    expect(analyse({ "__init__.py": "" }).confidence).toBe(1);
    expect(analyse({ "a.py": "def (" }).confidence).toBe(0);
  });
});

test("integrationPoints() leaves out Python's own modules, relative imports and the module itself", () => {
  expect(
    integrationPoints("audio", [
      "os.path",
      "_thread",
      "numpy.linalg",
      "numpy",
      ".sibling",
      "audio.x",
      "src.bus.hub",
    ]),
  ).toEqual(["bus", "numpy"]);
});

describe("ModuleCollector", () => {
  test("reports a file with a syntax error beside the ones that were parsed", () => {
    const found = findings({ "bad.py": "x = 1\ndef (\n", "good.py": "def f(): pass\n" });
    expect(found.files).toEqual(["good.py"]);
    expect(found.problems).toEqual([{ file: "bad.py", problem: "syntax error at line 2" }]);
  });

  test("names the entry points", () => {
    const found = findings({
      "__main__.py": "run()",
      "tool.py": 'def main(): pass\nif "__main__" == __name__:\n    main()\n',
    });
    expect(found.entryPoints).toEqual(["__main__.py", "tool.py: __main__", "tool.py: main()"]);
  });

  test("stops at its limits and says which", () => {
    const source = Array.from({ length: 6_000 }, (_, n) => `class C${n}: pass`).join("\n");
    const found = findings({ "a.py": source, "b.py": source });
    expect(found.structure.classes).toHaveLength(10_000);
    expect(found.limits).toEqual(["classesMax=10000"]);
  });
});
