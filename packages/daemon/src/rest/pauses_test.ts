import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { removeIfOver } from "./marker.ts";
import {
  listPauses,
  readMaintenance,
  readPause,
  removeMaintenance,
  removePause,
  writeMaintenance,
  writePause,
} from "./pauses.ts";
import { maintenanceText, pauseText } from "./rest_text.ts";

let home = "";
let paths = { paused: "", maintenanceMarker: "" };
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "kloros-pauses-"));
  paths = { paused: join(home, "state", "paused"), maintenanceMarker: join(home, "maintenance_mode") };
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

const NOON = Date.parse("2026-11-23T12:00:00Z");
const NOTE = { reason: "disk is being changed", by: "olaf", nowMs: NOON - 60_000 };

describe("a pause", () => {
  test("is what was written, until its end, and is listed by name", async () => {
    await writePause(paths, "dream-consumer", { ...NOTE, untilMs: NOON });
    await writePause(paths, "rule.promotions-start-dream", NOTE);
    expect(readPause(paths, "dream-consumer", { nowMs: NOON - 1 })).toEqual({
      name: "dream-consumer",
      untilMs: NOON,
      reason: "disk is being changed",
      by: "olaf",
      sinceMs: NOON - 60_000,
    });
    expect(readPause(paths, "dream-consumer", { nowMs: NOON })).toBeUndefined();
    expect(listPauses(paths, { nowMs: NOON - 1 }).map(({ name }) => name)).toEqual([
      "dream-consumer",
      "rule.promotions-start-dream",
    ]);
    expect(listPauses(paths, { nowMs: NOON })).toHaveLength(1);
  });

  test("is removed once, and was not there says so", async () => {
    expect(removePause(paths, "dream-consumer")).toBe(false);
    await writePause(paths, "dream-consumer", NOTE);
    expect(removePause(paths, "dream-consumer")).toBe(true);
    expect(removePause(paths, "dream-consumer")).toBe(false);
    expect(listPauses(paths)).toEqual([]);
  });

  test.each(["../x", "", ".hidden", "a/b", "chemical-bus"])(
    "of %p is refused, and nothing is written",
    async (name) => {
      const refused = await writePause(paths, name, NOTE).catch((error: unknown) => String(error));
      expect(refused).toContain("cannot be paused");
      expect(readdirSync(home)).toEqual([]);
    },
  );
});

describe("the maintenance marker", () => {
  test.each([
    ["", { reason: "", untilMs: undefined }],
    ["disk is being changed\n", { reason: "disk is being changed", untilMs: undefined }],
    ["{ broken", { reason: "{ broken", untilMs: undefined }],
    ['{"until": 5, "reason": ["x"]}', { reason: "", by: "", untilMs: undefined }],
    ['{"until": "2026-11-23T12:00:00Z", "by": "x"}', { untilMs: NOON, by: "x" }],
  ])("holding %p is on", (content, note) => {
    writeFileSync(paths.maintenanceMarker, content);
    expect(readMaintenance(paths, { nowMs: NOON - 1 })).toMatchObject(note);
  });

  test("a directory of that name is on, too: tools look only whether it is there", () => {
    mkdirSync(paths.maintenanceMarker);
    expect(readMaintenance(paths)).toMatchObject({ reason: "" });
  });

  test("is written, changed and taken away", async () => {
    expect(readMaintenance(paths)).toBeUndefined();
    await writeMaintenance(paths, { ...NOTE, untilMs: NOON });
    await writeMaintenance(paths, NOTE);
    expect(JSON.parse(readFileSync(paths.maintenanceMarker, "utf8"))).toEqual({
      since: "2026-11-23T11:59:00.000Z",
      reason: "disk is being changed",
      by: "olaf",
    });
    expect(removeMaintenance(paths)).toBe(true);
    expect(removeMaintenance(paths)).toBe(false);
  });
});

describe("a marker that is over", () => {
  test("is taken away; one that was put there anew stays", async () => {
    await writeMaintenance(paths, { ...NOTE, untilMs: NOON });
    expect(removeIfOver(paths.maintenanceMarker, NOON)).toBe(true);
    expect(removeIfOver(paths.maintenanceMarker, NOON)).toBe(false);
    await writeMaintenance(paths, { ...NOTE, untilMs: NOON + 1 });
    expect(removeIfOver(paths.maintenanceMarker, NOON)).toBe(false);
    expect(existsSync(paths.maintenanceMarker)).toBe(true);
    expect(readdirSync(home)).toEqual(["maintenance_mode"]);
  });
});

test("why somebody rests reads as a sentence", () => {
  const note = { reason: "disk", by: "olaf", untilMs: NOON, sinceMs: 0 };
  expect(pauseText(note)).toBe("paused by olaf until 2026-11-23 12:00:00Z: disk");
  expect(maintenanceText({ ...note, by: "", untilMs: undefined, reason: "" })).toBe("maintenance mode is on");
});

test.skipIf(process.getuid?.() !== 0)(
  "what root pauses for services of another user can be seen by them, and when it is over",
  async () => {
    chownSync(home, 65_534, 65_534);
    const umask = process.umask(0o077);
    try {
      await writePause(paths, "dream-consumer", { ...NOTE, by: "root", untilMs: NOON });
    } finally {
      process.umask(umask);
    }
    for (const path of [dirname(paths.paused), paths.paused, join(paths.paused, "dream-consumer")]) {
      expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 65_534 });
    }
  },
);

test("a marker that is written where somebody put a link replaces the link, not what it leads to", async () => {
  const elsewhere = join(home, "elsewhere");
  writeFileSync(elsewhere, "precious");
  symlinkSync(elsewhere, paths.maintenanceMarker);
  await writeMaintenance(paths, NOTE);
  expect(readFileSync(elsewhere, "utf8")).toBe("precious");
  expect(lstatSync(paths.maintenanceMarker).isFile()).toBe(true);
});
