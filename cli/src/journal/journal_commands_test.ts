/** `kloros audit` and `kloros journal`, as processes, on a real installation. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestInstallation } from "../testing/real_bus.ts";
import { question } from "../testing/sample_signals.ts";

/** A test starts up to sixteen programs one after the other: each takes seconds where others keep the machine busy. */
const PROGRAMS_MS_MAX = 60_000;

let place: TestInstallation;
beforeAll(async () => {
  place = new TestInstallation();
  await place.startBus();
  for (let n = 0; n < 3; n++) await place.publish(question(`module${n}`, Date.now()));
}, 60_000);
afterAll(() => place.remove());

test(
  "while the bus runs: audit and verify find nothing, a backup is made, repair and restore are refused",
  async () => {
    expect(await place.kloros("audit")).toMatchObject({ code: 0 });
    expect(await place.json("audit")).toMatchObject({ ok: true, signals: 3, differences: [] });
    expect(await place.json("journal", "verify")).toMatchObject({ ok: true, structure: [], missing: null });
    const target = join(place.home, "backup.db");
    expect(await place.json("journal", "backup", target)).toMatchObject({ signals: 3 });
    expect(await place.json("journal", "prune", "--dry-run")).toMatchObject({ signals: 0 });
    expect(await place.kloros("journal", "prune")).toMatchObject({ code: 0 });
    for (const refused of [["repair"], ["restore", target]]) {
      const { code, err } = await place.kloros("journal", ...refused);
      expect(code).toBe(75);
      expect(err).toContain("stop the bus first");
    }
  },
  PROGRAMS_MS_MAX,
);

test(
  "when it does not run: a changed byte is named, repaired with its loss listed, and a backup brings it back",
  async () => {
    await place.stopBus();
    const { journal } = place.paths;
    expect(await place.kloros("audit")).toMatchObject({ code: 0 });
    const bytes = readFileSync(journal);
    const at = bytes.indexOf("module1");
    bytes[at] = 0x58;
    writeFileSync(journal, bytes);
    const verify = await place.kloros("journal", "verify");
    expect(verify.code).toBe(1);
    expect(verify.out).toContain("checksum of the signal");
    const repaired = await place.kloros("journal", "repair");
    expect(repaired.code).toBe(0);
    expect(repaired.out).toMatch(/lost: signal \d/);
    expect(repaired.out).toContain("found: ");
    expect(await place.kloros("journal", "restore", join(place.home, "backup.db"))).toMatchObject({
      code: 0,
    });
    expect(await place.json("audit")).toMatchObject({ ok: true, signals: 3 });
    rmSync(join(place.home, "backup.db"));
  },
  PROGRAMS_MS_MAX,
);
