import { expect, test } from "bun:test";
import { identify, isSame } from "./proc.ts";

test("a process is told from a later one with its pid", async () => {
  const child = Bun.spawn(["sleep", "60"], { stdio: ["ignore", "ignore", "ignore"] });
  const identity = identify(child.pid);
  if (identity === null) throw new Error("it runs");
  expect(isSame(identity)).toBe(true);
  expect(isSame({ ...identity, startTicks: identity.startTicks - 1 })).toBe(false);
  expect(isSame({ ...identity, bootId: "another" })).toBe(false);
  child.kill("SIGKILL");
  await child.exited;
  expect(isSame(identity)).toBe(false);
});
