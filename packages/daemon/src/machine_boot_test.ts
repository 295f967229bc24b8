import { expect, test } from "bun:test";
import { machineBoot } from "./machine_boot.ts";

test("the machine's boot is the same at each look, and its time goes on", async () => {
  const before = machineBoot();
  await Bun.sleep(30);
  const after = machineBoot();
  expect(after?.id).toMatch(/^[0-9a-f-]{36}$/);
  expect(after?.id).toBe(before?.id ?? "");
  expect(after?.uptimeMs).toBeGreaterThan(before?.uptimeMs ?? Number.POSITIVE_INFINITY);
});
