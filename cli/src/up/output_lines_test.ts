import { expect, test } from "bun:test";
import { readLines } from "./output_lines.ts";

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

test("readLines() gives the lines, wherever the chunks are cut", async () => {
  const lines = ["", "plain", "grüße 😀 ﬀ", "", "x".repeat(30), "ende"];
  const bytes = new TextEncoder().encode(`${lines.join("\n")}\n`);
  for (let size = 1; size <= bytes.length; size++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
    const got: string[] = [];
    await readLines(streamOf(chunks), (line) => got.push(line));
    expect(got).toEqual(lines);
  }
});

test("the last line needs no newline, and a line without end is handed over in parts", async () => {
  const got: number[] = [];
  const huge = new Uint8Array(1_500_000).fill(120);
  await readLines(streamOf([huge, huge, new TextEncoder().encode("\nend")]), (line) => got.push(line.length));
  expect(got).toEqual([1_500_000, 1_500_000, 0, 3]);
});
