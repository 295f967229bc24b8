/** What a change of releases tells systemd when something goes wrong; the real one is in tests/systemd. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectHome } from "@kloros/daemon";
import { baseOf, type InstallPlace } from "../install/choose_place.ts";
import { writeRecord } from "../install/installation_record.ts";
import { sampleManager } from "../testing/sample_manager.ts";
import { sampleDescription, writeSampleRelease } from "../testing/sample_release.ts";
import { userLayout } from "../units/layout.ts";
import { addRelease, identify } from "./add_release.ts";
import { BUS, noteBusStopped } from "./bus_stopped.ts";
import { changeRelease } from "./change_release.ts";
import type { JournalStep } from "./journal_steps.ts";
import { type Release, ReleaseStore } from "./release_store.ts";
import { type Switch, switchRelease } from "./switch_release.ts";

const UP = { kind: "up", from: 2, to: 3, wayBack: true } as const satisfies JournalStep;

let root: string;
let place: InstallPlace;
let store: ReleaseStore;
let one: Release;
let two: Release;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "kc-"));
  const layout = userLayout(root, {});
  const base = baseOf(layout);
  mkdirSync(base, { recursive: true });
  store = new ReleaseStore(base);
  const add = async (version: string): Promise<Release> => {
    const units = sampleDescription(version).units.map((unit) => ({
      ...unit,
      path: join(layout.unitDirectory, unit.path.split("/").at(-1) ?? ""),
    }));
    const description = sampleDescription(version, { units });
    const program = writeSampleRelease(join(root, version, "kloros"), description);
    const release = await identify(program, description);
    await addRelease(store, program, release);
    return release;
  };
  [one, two] = [await add("1.0.0"), await add("2.0.0")];
  store.switchTo("current", one.id);
  const record = { format: 1, layout, ownHome: true, files: [join(layout.unitDirectory, BUS)] } as const;
  await writeRecord(base, record);
  place = { layout, root: "", base, record, home: inspectHome(layout.home) };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function change(systemctl: Switch["systemctl"], journal: JournalStep = { kind: "none" }): Switch {
  let now = 0;
  return {
    place,
    store,
    systemctl,
    from: one,
    to: two,
    journal,
    timeoutMs: 5000,
    say: () => undefined,
    pause: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    monotonicMs: () => now,
  };
}

test("a service that systemd declined to start, as one that waits for its turn in a migration, is not waited for", async () => {
  const { systemctl } = sampleManager(join(root, "systemd"), {
    "kloros.target": { ActiveState: "active", Wants: "kloros-policy-engine.service" },
    "kloros-policy-engine.service": {
      ActiveState: "inactive",
      ActiveEnterTimestampMonotonic: "0",
      ConditionTimestampMonotonic: "5",
    },
  });
  expect(await switchRelease(change(systemctl))).toMatchObject({ restarted: [], failed: undefined });
});

test("one that is new in a release is started where its target runs", async () => {
  const { systemctl } = sampleManager(join(root, "systemd"), {
    "kloros.target": { ActiveState: "active", Wants: "kloros-policy-engine.service" },
    "kloros-policy-engine.service": {
      ActiveState: "inactive",
      ActiveEnterTimestampMonotonic: "0",
      ConditionTimestampMonotonic: "0",
    },
  });
  expect(await switchRelease(change(systemctl))).toMatchObject({
    restarted: ["kloros-policy-engine.service"],
  });
});

test("what cannot be written after the bus was stopped does not leave it stopped", async () => {
  const { systemctl, told } = sampleManager(join(root, "systemd"), { [BUS]: { ActiveState: "active" } });
  mkdirSync(join(place.base, ".installation.json.kloros-tmp/in-the-way"), { recursive: true });
  const error = await changeRelease(change(systemctl, UP), { forward: true }).catch(String);
  expect(error).toContain(two.id);
  expect(told()[0]).toBe(`stop ${BUS}`);
  expect(told().slice(1).join()).toMatch(/start/);
});

test("killed while the bus was stopped, it is started when it is said again, although nothing runs by then", async () => {
  const { systemctl, told } = sampleManager(join(root, "systemd"), { [BUS]: { ActiveState: "inactive" } });
  await switchRelease(change(systemctl));
  expect(told().join()).not.toContain("start");
  noteBusStopped(place);
  await switchRelease(change(systemctl));
  expect(told().join()).toContain(`restart --no-block ${BUS}`);
});

test("a base that is reached by a link is the directory that processes name", () => {
  const link = join(root, "link");
  symlinkSync(place.base, link);
  expect(new ReleaseStore(link).programOf(one.id)).toBe(store.programOf(one.id));
  expect(readlinkSync(join(place.base, "current"))).toContain(one.id);
});
