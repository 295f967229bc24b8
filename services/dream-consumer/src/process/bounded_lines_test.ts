import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { until } from "@kloros/daemon/testing";
import fc from "fast-check";
import { LINE_LENGTH_MAX, readBoundedLines } from "./bounded_lines.ts";

async function linesOf(chunks: readonly Uint8Array[]): Promise<readonly string[]> {
  const lines: string[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  await readBoundedLines(stream, (some) => lines.push(...some));
  return lines;
}

function inChunks(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.slice(n * size, (n + 1) * size),
  );
}

test("lines come out as they went in, however the output is cut", async () => {
  const line = fc.string({ unit: "grapheme", maxLength: 30 }).map((text) => text.replaceAll("\n", " "));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 7 }), async (lines, size) => {
      const bytes = new TextEncoder().encode(lines.map((one) => `${one}\n`).join(""));
      expect(await linesOf(inChunks(bytes, size))).toEqual(lines);
    }),
  );
});

test("a line without an end is cut, and the next one is whole", async () => {
  const bytes = new TextEncoder().encode(`${"x".repeat(100_000)}\nnext`);
  const [long = "", next] = await linesOf(inChunks(bytes, 1000));
  expect(long).toBe(`${"x".repeat(LINE_LENGTH_MAX)} [cut]`);
  expect(next).toBe("next");
});

test("a stream that nobody ends is closed when it is told to be", async () => {
  const openFiles = () => readdirSync("/proc/self/fd").length;
  const before = openFiles();
  const silent = Bun.spawn(["sleep", "60"], { stdout: "pipe", stdin: "ignore", stderr: "ignore" });
  const abort = new AbortController();
  const read = readBoundedLines(silent.stdout, () => undefined, abort.signal);
  try {
    abort.abort();
    await read;
    await until("the end of the descriptor", () => openFiles() <= before + 1);
  } finally {
    silent.kill("SIGKILL");
    await silent.exited;
  }
});
