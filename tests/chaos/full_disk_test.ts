/**
 * A disk that fills up under load, while daemons are killed and come back to it, and is freed again: nothing that was acknowledged is
 * lost, whoever cannot go on says why, and everything that was asked for is done once in the end.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import { fill, mountSmall, whyNoMounts } from "../e2e/flow/mounts.ts";
import { Scene } from "./house/scene.ts";
import { Supervisor } from "./house/supervisor.ts";
import { SERVICES } from "./house/whole_house.ts";

const noMounts = whyNoMounts();
if (noMounts !== undefined) console.warn(`full disks are not tested: it ${noMounts}`);

/** Limits that suit a disk of some MiB. */
const SMALL_DISK = `[chemical-bus]
diskReserveBytes = ${String(1024 ** 2)}
diskFreeBytesMin = ${String(2 * 1024 ** 2)}
`;
const NO_ROOM = /ENOSPC|no space|hardly any space|disk is full|SQLITE_FULL/i;
/** A cycle that found no room is tried again soon; mostly longer than the monitor, back from its own end, takes to acknowledge. */
const COOLDOWN_S = 15;
const SAID_MS = 60_000;
const RESTART_MS = 300;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.remove();
  scene = undefined;
});

/** `journal`, `files`: on the disk that fills up. */
function begun({ journal, files }: { readonly journal: boolean; readonly files: boolean }): Scene {
  const source = mkdtempSync(join(tmpdir(), "kloros-source-"));
  scene = new Scene({ source, config: SMALL_DISK, cooldownS: COOLDOWN_S });
  scene.later(() => {
    rmSync(source, { recursive: true });
  });
  const { home, state } = scene.house.paths;
  if (files) scene.add(mountSmall(home, "48m"));
  if (!journal || !files) scene.add(mountSmall(state, "32m"));
  return scene;
}

describe.skipIf(noMounts !== undefined)("a disk that fills up under load, and is freed", () => {
  test.each([
    ["everything", { journal: true, files: true }],
    ["the journal only", { journal: true, files: false }],
    ["the home's files only", { journal: false, files: true }],
  ] as const)(
    "with %s on it",
    async (_, disk) => {
      const now = begun(disk);
      await now.begin();
      const { house } = now;
      const makeRoom = fill(disk.files ? house.paths.home : house.paths.state);
      const daemons = SERVICES.map((name) => house.daemon(name));
      const saysSo = (): boolean => daemons.some((daemon) => NO_ROOM.test(daemon.lastWords(100)));
      await until("somebody to say that there is no room", saysSo, { limitMs: SAID_MS });
      const supervisor = new Supervisor(daemons, { delayMs: () => RESTART_MS });
      for (const name of ["capability-integrator", "dream-consumer", "chemical-bus"] as const) {
        await house.daemon(name).kill();
        await Bun.sleep(4 * RESTART_MS);
      }
      makeRoom();
      await supervisor.release();
      await house.ready();
      await now.witness.hears(20);
      // Who ended by itself has said that it is for want of room.
      expect(supervisor.ownEnds.filter((words) => !NO_ROOM.test(words))).toEqual([]);
      await now.comesOutRight();
    },
    400_000,
  );
});
