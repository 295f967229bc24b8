import { describe, expect, test } from "bun:test";
import { extractStructure } from "./extract.ts";
import type { FileStructure } from "./file_structure.ts";
import { loadPythonParser } from "./parser.ts";

const python = await loadPythonParser();
function read(source: string): FileStructure {
  const structure = extractStructure(python, source, { msMax: 5_000 });
  if (structure === undefined) throw new Error("parsing took too long");
  return structure;
}

const RECORDER = `"""Records sound.

From the default microphone.
"""
from __future__ import annotations
import os, numpy as np
from .. import bus
from ..pkg.deep import (first as f, second)
from wave import *

@register("recorder")
class Recorder(Base, Generic[T], metaclass=Meta):
    '''Holds one device.'''

    rate: int = 16_000

    def __init__(self, device: str, rate=16_000) -> None:
        self.device = device

    @property
    async def level(self):
        """Loudness, 0 to 1."""
        if self.muted and not self.open:
            return 0
        return [s for s in self.samples if s]

    class Inner:
        pass

async def record(seconds: float, *args, rate: int = 1, name="x", **options) -> bytes:
    r"""Records \\n seconds."""
    def helper():
        class Hidden:
            pass
        return 1 if seconds else 2
    for _ in range(3):
        try:
            helper()
        except OSError:
            pass

def main(*, verbose, /):
    match verbose:
        case 1: pass
        case _: pass

if __name__ == "__main__":
    main()
`;

describe("extractStructure()", () => {
  const found = read(RECORDER);

  test("reads classes with bases, methods, constructor and docstring", () => {
    expect(found.classes).toEqual([
      {
        name: "Inner",
        line: 27,
        bases: [],
        methods: [],
        constructorArgs: null,
        docstring: null,
        complexity: 0,
      },
      {
        name: "Recorder",
        line: 12,
        bases: ["Base", "Generic[T]"],
        methods: ["__init__", "level"],
        constructorArgs: "(device: str, rate=16_000)",
        docstring: "Holds one device.",
        complexity: 6,
      },
    ]);
  });

  test("reads functions with arguments, signature and complexity, and leaves out those inside others", () => {
    expect(found.functions).toEqual([
      {
        name: "record",
        line: 30,
        args: ["seconds", "*args", "rate", "name", "**options"],
        signature: '(seconds: float, *args, rate: int = 1, name="x", **options) -> bytes',
        async: true,
        docstring: "Records \\n seconds.",
        complexity: 5,
      },
      {
        name: "main",
        line: 42,
        args: ["verbose"],
        signature: "(*, verbose, /)",
        async: false,
        docstring: null,
        complexity: 3,
      },
    ]);
  });

  test("reads imports as dotted names, relative ones with their dots", () => {
    expect(found.imports).toEqual(["__future__", "os", "numpy", "..bus", "..pkg.deep", "wave"]);
  });

  test("reads docstrings whole, the module's own first", () => {
    expect(found.moduleDocstring).toBe("Records sound.\n\nFrom the default microphone.");
    expect(found.docstrings).toEqual([
      "Records sound.\n\nFrom the default microphone.",
      "Holds one device.",
      "Loudness, 0 to 1.",
      "Records \\n seconds.",
    ]);
  });

  test("counts lines and sees that the file can be run", () => {
    expect(found.totalLines).toBe(RECORDER.split("\n").length - 1);
    expect(found.runsAsMain).toBe(true);
    expect(found.syntaxErrorLine).toBeNull();
  });

  test("finds nothing in an empty file", () => {
    expect(read("")).toEqual({
      docstrings: [],
      classes: [],
      functions: [],
      imports: [],
      moduleDocstring: null,
      runsAsMain: false,
      complexity: 0,
      totalLines: 0,
      syntaxErrorLine: null,
    });
  });

  test("says where a syntax error is and still reads what is around it", () => {
    const broken = read("def good():\n    pass\n\ndef bad(:\n    pass\n\nclass Also:\n    pass\n");
    expect(broken.syntaxErrorLine).toBe(4);
    expect(broken.functions[0]?.name).toBe("good");
  });

  test("accepts the statements of Python 2 and of Python 3.12", () => {
    expect(read('print "old"\nexec "code"\n').syntaxErrorLine).toBeNull();
    expect(
      read("type Point = tuple[float, float]\ndef first[T](of: list[T]) -> T: ...\n").syntaxErrorLine,
    ).toBeNull();
  });

  test("keeps signatures and names short however long the source makes them", () => {
    const args = Array.from({ length: 500 }, (_, n) => `argument_${n}`).join(", ");
    const [wide] = read(`def wide(${args}):\n    pass\n`).functions;
    expect(wide?.signature.length).toBeLessThanOrEqual(400);
    expect(wide?.args).toHaveLength(500);
  });
});
