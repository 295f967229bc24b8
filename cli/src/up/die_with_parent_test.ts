import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PARENT_VARIABLE } from "./die_with_parent.ts";

const GUARD = join(import.meta.dir, "die_with_parent.ts");
const SLEEP = "setInterval(() => undefined, 1000); console.log(process.pid)";

/** A parent that starts a guarded child and waits. Writes the child's pid. */
function parentProgram(): string {
  return `
    const child = Bun.spawn([process.execPath, "--preload", ${JSON.stringify(GUARD)}, "-e", ${JSON.stringify(SLEEP)}], {
      env: { ...process.env, ${PARENT_VARIABLE}: String(process.pid) },
      stdio: ["ignore", "inherit", "inherit"],
      detached: true,
    });
    await child.exited;
  `;
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  for await (const chunk of stream) return new TextDecoder().decode(chunk).trim();
  return "";
}

function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody has waited for yet is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("a guarded process ends when its parent is killed with kill -9", async () => {
  const parent = Bun.spawn([process.execPath, "-e", parentProgram()], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = Number(await firstLine(parent.stdout));
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await parent.exited;
  const endMs = performance.now() + 3000;
  while (isAlive(pid) && performance.now() < endMs) await Bun.sleep(10);
  expect(isAlive(pid)).toBe(false);
});

test("a process whose parent is gone already ends at once", async () => {
  const child = Bun.spawn([process.execPath, "--preload", GUARD, "-e", SLEEP], {
    // Never our pid.
    env: { ...process.env, [PARENT_VARIABLE]: "1" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
});

test("its own children are not told", async () => {
  const child = Bun.spawn(
    [process.execPath, "--preload", GUARD, "-e", `console.log(process.env.${PARENT_VARIABLE} ?? "none")`],
    { env: { ...process.env, [PARENT_VARIABLE]: String(process.pid) }, stdio: ["ignore", "pipe", "inherit"] },
  );
  expect((await child.stdout.text()).trim()).toBe("none");
});
