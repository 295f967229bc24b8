/** The bus is restarted in order under load, and everything is replaced by other files of the same version, as a package is upgraded. */
import { afterEach, expect, test } from "bun:test";
import { copyFileSync, cpSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { compiledPrograms } from "./house/compiled.ts";
import { Scene } from "./house/scene.ts";
import { SERVICES, type ServiceName } from "./house/whole_house.ts";

const RESTARTS = 4;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.remove();
  scene = undefined;
});

/** SIGTERM, and started anew; it has to end well. */
async function restart({ house, witness }: Scene, name: ServiceName): Promise<void> {
  const daemon = house.daemon(name);
  expect(await daemon.end()).toBe(0);
  daemon.start();
  await daemon.ready();
  await witness.hears(4);
}

test("a bus that is restarted in order under load loses and doubles nothing", async () => {
  scene = new Scene();
  await scene.begin();
  for (let turn = 0; turn < RESTARTS; turn++) await restart(scene, "chemical-bus");
  await scene.comesOutRight();
}, 400_000);

test("daemons go on while their program is replaced, and each restart takes the new one", async () => {
  const programs = mkdtempSync(join(tmpdir(), "kloros-installed-"));
  // Without what another test run is just building.
  const filter = (from: string): boolean => !basename(from).startsWith(".");
  cpSync(compiledPrograms(), programs, { recursive: true, verbatimSymlinks: true, filter });
  scene = new Scene({ compiled: programs });
  scene.later(() => {
    rmSync(programs, { recursive: true });
  });
  await scene.begin();
  const before = statSync(join(programs, "kloros")).ino;
  copyFileSync(join(programs, "kloros"), join(programs, ".kloros.new"));
  renameSync(join(programs, ".kloros.new"), join(programs, "kloros"));
  const { ino } = statSync(join(programs, "kloros"));
  expect(ino).not.toBe(before);
  await scene.witness.hears(20);
  for (const name of SERVICES) {
    const daemon = scene.house.daemon(name);
    const program = (): number => statSync(`/proc/${String(daemon.pid)}/exe`).ino;
    expect(program()).toBe(before);
    await restart(scene, name);
    expect(program()).toBe(ino);
  }
  await scene.comesOutRight();
}, 400_000);
