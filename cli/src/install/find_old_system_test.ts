import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOldProcesses, findOldUnits, oldSystemNotes } from "./find_old_system.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-old-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function unit(name: string, text: string): void {
  writeFileSync(join(dir, name), text);
}

function running(pid: number, ...words: string[]): void {
  mkdirSync(join(dir, String(pid)));
  writeFileSync(join(dir, String(pid), "cmdline"), words.map((word) => `${word}\0`).join(""));
}

test("units of the original system are found: its timer, its oneshot, its daemons; ours and others' are not", () => {
  unit("kloros-orchestrator.timer", "[Timer]\nOnUnitActiveSec=60\n");
  unit(
    "kloros-orchestrator.service",
    "[Service]\nExecStart=/usr/bin/python3 -m kloros.orchestration.run_once\n",
  );
  unit(
    "kloros-intent-router.service",
    "# Generated from services/intent-router\n[Service]\nExecStart=/opt/python\n",
  );
  unit("nginx.service", "[Service]\nExecStart=/usr/bin/python3 -m run_once\n");
  expect(findOldUnits([dir, join(dir, "nowhere")]).map(({ path }) => path)).toEqual([
    join(dir, "kloros-orchestrator.service"),
    join(dir, "kloros-orchestrator.timer"),
  ]);
});

test("daemons of the original system are found by the module that a Python runs", () => {
  running(10, "/usr/bin/python3.11", "-m", "kloros.orchestration.coordinator");
  running(11, "python3", "/home/kloros/src/intent_router.py");
  running(12, "vim", "/home/kloros/src/intent_router.py");
  running(13, "python3", "-m", "http.server");
  mkdirSync(join(dir, "14"));
  expect(findOldProcesses(dir).map(({ pid }) => pid)).toEqual([10, 11]);
});

test("what was found is told with what to do; nothing found, nothing told", () => {
  expect(oldSystemNotes({ units: [], processes: [] })).toEqual([]);
  const notes = oldSystemNotes({
    units: [{ path: "/etc/systemd/system/kloros-orchestrator.timer", runs: undefined }],
    processes: [{ pid: 7, command: "python3 x" }],
  });
  expect(notes.join("\n")).toContain("pid 7: python3 x");
  expect(notes.at(-1)).toContain("kloros migrate status");
});
