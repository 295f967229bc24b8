import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listIntegrations, undoIntegration } from "./integrations.ts";
import { linesOf, openWorkbench } from "./testing/workbench.ts";
import type { Workbench } from "./testing/workbench.ts";

const BEFORE = "# mine\r\nvoice: {module: src.voice}";

let bench: Workbench;
beforeEach(() => {
  bench = openWorkbench();
  mkdirSync(join(bench.paths.source, "registry"));
  writeFileSync(bench.paths.registry, BEFORE);
});
afterEach(() => bench.remove());

const undo = (id: string) => undoIntegration(bench.paths, id, { nowMs: Date.UTC(2026, 10, 24) });

async function integrate(name: string): Promise<string> {
  bench.addModule(name);
  const [signal] = await bench.deliver(bench.post(name));
  return signal?.id ?? "";
}

test("listIntegrations() tells what was changed, oldest first, and nothing where nothing was", async () => {
  expect(await listIntegrations(bench.paths)).toEqual([]);
  const ids = [await integrate("audio"), await integrate("planner")];
  appendFileSync(join(bench.paths.state, "integrations.jsonl"), "{half a li\n");
  const records = await listIntegrations(bench.paths);
  expect(records.map((record) => record.id)).toEqual(ids);
  expect(records[0]).toMatchObject({ state: "integrated", module_path: "audio", key: "audio" });
});

describe("undoIntegration()", () => {
  test("restores registry and source tree byte for byte, in any order", async () => {
    const [audio, planner] = [await integrate("audio"), await integrate("planner")];
    const middle = await undo(audio);
    expect(middle).toMatchObject({ undone: true, initRemoved: true });
    expect(bench.registry()).toContain("planner:");
    expect(bench.registry()).not.toContain("audio:");
    expect(existsSync(join(bench.paths.source, "audio/__init__.py"))).toBe(false);
    expect(existsSync(join(bench.paths.source, "planner/__init__.py"))).toBe(true);
    expect(await undo(planner.slice(0, 30))).toMatchObject({ undone: true });
    expect(bench.registry()).toBe(BEFORE);
    expect((await listIntegrations(bench.paths)).map((record) => record.state)).toEqual(["undone", "undone"]);
  });

  test("leaves an __init__.py that was changed since", async () => {
    const id = await integrate("audio");
    const init = join(bench.paths.source, "audio/__init__.py");
    appendFileSync(init, "import core\n");
    const result = await undo(id);
    expect(result).toMatchObject({ undone: true, initRemoved: false });
    expect(result.message).toContain("was changed or removed since");
    expect(readFileSync(init, "utf8")).toContain("import core");
  });

  test("refuses what it cannot take back, with the reason, and changes nothing", async () => {
    const id = await integrate("audio");
    const changed = bench.registry().replace("enabled: true", "enabled: false");
    writeFileSync(bench.paths.registry, changed);
    expect(await undo(id)).toMatchObject({ undone: false, reason: "changed" });
    writeFileSync(bench.paths.registry, BEFORE);
    expect(await undo(id)).toMatchObject({ undone: false, reason: "absent" });
    expect(await undo("nothing")).toMatchObject({ undone: false, reason: "unknown" });
    expect(linesOf(join(bench.paths.state, "integrations.jsonl"))).toHaveLength(1);
  });

  test("refuses an ambiguous prefix and a second undo", async () => {
    const id = await integrate("audio");
    await integrate("planner");
    expect(await undo(id.slice(0, 2))).toMatchObject({ undone: false, reason: "ambiguous" });
    expect(await undo(id)).toMatchObject({ undone: true });
    expect(await undo(id)).toMatchObject({ undone: false, reason: "already_undone" });
  });

  test("goes on where an interrupted one stopped", async () => {
    const id = await integrate("audio");
    const line = JSON.stringify({ event: "undoing", id, at: "2026-11-24T00:00:00.000Z" });
    appendFileSync(join(bench.paths.state, "integrations.jsonl"), `${line}\n`);
    writeFileSync(bench.paths.registry, BEFORE);
    expect(await undo(id)).toMatchObject({ undone: true, initRemoved: true });
    expect(bench.registry()).toBe(BEFORE);
  });

  test("stays undone when the integration's delivery comes again", async () => {
    bench.addModule("audio");
    const id = bench.post("audio");
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "fixtures/deliver_child.ts"), bench.root],
      {
        env: { ...process.env, KLOROS_CRASH_AT: "integrator.recorded" },
      },
    );
    await child.exited;
    const [record] = await listIntegrations(bench.paths);
    await undo(record?.id ?? "");
    const emitted = await bench.deliver(id);
    expect(emitted.map((signal) => signal.id)).toEqual([record?.id ?? ""]);
    expect(bench.registry()).toBe(BEFORE);
  });

  test("lets a later question integrate the module again", async () => {
    const first = await integrate("audio");
    await undo(first);
    const second = await integrate("audio");
    expect(second).not.toBe(first);
    expect(await undo(second)).toMatchObject({ undone: true });
    expect(bench.registry()).toBe(BEFORE);
  });
});
