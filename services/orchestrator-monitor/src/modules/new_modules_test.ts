import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { CRASH_POINTS } from "@kloros/daemon";
import { createRoot, ModuleDiscovered, ModuleIntegrated, validateFacts } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLookout } from "./testing/lookout.ts";
import type { Lookout } from "./testing/lookout.ts";

let lookout: Lookout;
beforeEach(() => {
  lookout = openLookout();
});
afterEach(() => lookout.remove());

const memoryFile = (): string => join(lookout.paths.state, "orchestrator-monitor.json");
const names = (from: Lookout): string[] =>
  from.announced().map((signal) => String(signal.facts["module_name"]));

function integrated(name: string): Envelope {
  const example = ModuleIntegrated.examples[0];
  if (example === undefined) throw new Error("no example");
  const facts = { ...example, module_name: name, module_path: name };
  return createRoot(ModuleIntegrated, facts, { source: "capability-integrator", nowMs: Date.now() });
}

describe("the new_modules check", () => {
  test("announces nothing of a registry that was there before it, and what comes later, once", async () => {
    lookout.register("old", "older");
    await lookout.runner.look();
    expect(lookout.announced()).toEqual([]);
    mkdirSync(join(lookout.paths.source, "fresh"));
    writeFileSync(join(lookout.paths.source, "fresh/__init__.py"), "");
    lookout.register("old", "older", "fresh");
    await lookout.runner.look();
    await lookout.runner.look();
    const [signal, ...more] = lookout.announced();
    expect(more).toEqual([]);
    expect(signal?.facts).toEqual({
      module_name: "fresh",
      module_path: "fresh",
      investigation_id: "discover.module.fresh",
      py_files_count: 2,
      has_init: true,
    });
    expect(validateFacts(ModuleDiscovered, signal?.facts)).toMatchObject({ ok: true });
  });

  test("leaves out an entry that no signal can tell of, says so, and announces the others", async () => {
    lookout.register("old");
    await lookout.runner.look();
    lookout.register("old", "broken.", "fresh");
    await lookout.runner.look();
    lookout.register("old", "broken.", "fresh", "later");
    await lookout.runner.look();
    expect(names(lookout).toSorted()).toEqual(["fresh", "later"]);
    expect(lookout.said.filter((text) => text.includes("is not announced"))).toHaveLength(1);
  });

  test("remembers over a restart what it has seen", async () => {
    lookout.register("old");
    await lookout.runner.look();
    lookout.register("old", "fresh");
    await openLookout({ root: lookout.root }).runner.look();
    await openLookout({ root: lookout.root }).runner.look();
    expect(names(lookout)).toEqual(["fresh"]);
  });

  test("announces a module that was integrated before its first look, when it is told", async () => {
    lookout.register("old", "fresh");
    await lookout.runner.look();
    await lookout.runner.lookBecause(integrated("fresh"));
    await lookout.runner.lookBecause(integrated("fresh"));
    expect(names(lookout)).toEqual(["fresh"]);
  });

  test("begins with a source tree that has no registry", async () => {
    await lookout.runner.look();
    lookout.register("first");
    await lookout.runner.look();
    expect(names(lookout)).toEqual(["first"]);
  });

  test("leaves its memory alone while the registry cannot be read", async () => {
    lookout.register("old");
    await lookout.runner.look();
    const before = readFileSync(memoryFile(), "utf8");
    writeFileSync(lookout.paths.registry, "a: [\n");
    expect(lookout.runner.look()).rejects.toThrow("line 2");
    await lookout.runner.look().catch(() => undefined);
    expect(readFileSync(memoryFile(), "utf8")).toBe(before);
    lookout.register("old", "fresh");
    await lookout.runner.look();
    expect(names(lookout)).toEqual(["fresh"]);
  });

  test("sets a damaged memory aside and begins anew", async () => {
    mkdirSync(lookout.paths.state);
    writeFileSync(memoryFile(), '{"schema":1,"newModu');
    lookout.register("old");
    await lookout.runner.look();
    expect(lookout.announced()).toEqual([]);
    expect(readdirSync(lookout.paths.state).sort()).toEqual([
      "orchestrator-monitor.json",
      "orchestrator-monitor.json.damaged",
    ]);
    expect(lookout.said.join()).toContain("damaged");
  });

  test("writes nothing in observe mode", async () => {
    const observer = openLookout({ root: lookout.root, mode: "observe" });
    lookout.register("old");
    await observer.runner.look();
    lookout.register("old", "fresh");
    await observer.runner.look();
    await observer.runner.look();
    expect(names(lookout)).toEqual(["fresh"]);
    expect(existsSync(memoryFile())).toBe(false);
  });

  const points = Object.keys(CRASH_POINTS).filter(
    (name) => name.startsWith("files.") || ["monitor.remembered", "monitor.published"].includes(name),
  );
  test.each(points)("killed at %s neither loses nor doubles an announcement", async (point) => {
    lookout.register("old");
    await lookout.runner.look();
    lookout.register("old", "fresh", "fresher");
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "fixtures/look_child.ts"), lookout.root],
      {
        env: { ...process.env, KLOROS_CRASH_AT: point },
      },
    );
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    await openLookout({ root: lookout.root }).runner.look();
    await openLookout({ root: lookout.root }).runner.look();
    expect(names(lookout).sort()).toEqual(["fresh", "fresher"]);
  });
});
