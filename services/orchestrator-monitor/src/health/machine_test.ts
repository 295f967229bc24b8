import { expect, test } from "bun:test";
import { gpusOf, memoryOf, swapOf, thisMachine } from "./machine.ts";

const MEMINFO = `MemTotal:       1000 kB
MemFree:         100 kB
MemAvailable:    400 kB
SwapTotal:       200 kB
SwapFree:        150 kB
`;

test("memory in use is what is not available; caches count as room", () => {
  expect(memoryOf(MEMINFO)).toEqual({ usedBytes: 600 * 1024, totalBytes: 1000 * 1024 });
  expect(swapOf(MEMINFO)).toEqual({ usedBytes: 50 * 1024, totalBytes: 200 * 1024 });
  expect(memoryOf("")).toBeUndefined();
});

test("what nvidia-smi prints is read, and what it cannot tell is no number", () => {
  expect(gpusOf("0, 4096, 8192, 61\n1, [N/A], 8192, 50\n")).toEqual([
    { index: 0, memoryPercent: 50, temperature: 61 },
    { index: 1, memoryPercent: Number.NaN, temperature: 50 },
  ]);
  expect(gpusOf("")).toEqual([]);
});

test("this machine can be read", async () => {
  const memory = await thisMachine.memory();
  expect(memory?.totalBytes).toBeGreaterThan(64 * 1024 ** 2);
  expect(memory?.usedBytes).toBeGreaterThan(0);
  expect(await thisMachine.swap()).toBeDefined();
  expect(thisMachine.load().cores).toBeGreaterThan(0);
  const [disk] = await thisMachine.disks(["/"]);
  expect(disk?.usedBytes).toBeGreaterThan(0);
});
