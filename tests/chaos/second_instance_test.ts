/** A second instance of each compiled daemon is refused, told who the first one is, and disturbs nobody. */
import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { exitCode } from "@kloros/daemon";
import { DaemonProcess } from "../e2e/house/daemon_process.ts";
import { compiledPrograms } from "./house/compiled.ts";
import { Scene } from "./house/scene.ts";
import { SERVICES, type ServiceName } from "./house/whole_house.ts";

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.remove();
  scene = undefined;
});

/** Publishers only: the instance lock alone keeps a second one out. */
const NO_CONSUMERS: ReadonlySet<ServiceName> = new Set(["intent-router", "curiosity-core"]);

test("a second instance is refused, in the same runtime directory and in another, and the first is undisturbed", async () => {
  scene = new Scene();
  await scene.begin();
  const { house } = scene;
  const { paths } = house;
  const pids = SERVICES.map((name) => house.daemon(name).pid);
  // All at once: one after the other they would take most of a minute to start.
  await Promise.all(
    SERVICES.map(async (service) => {
      const second = new DaemonProcess({ service, paths, compiled: compiledPrograms() });
      second.start();
      expect(await second.exited()).toBe(exitCode("held"));
      expect(second.lastWords()).toContain(`${service} (pid ${String(house.daemon(service).pid)})`);
    }),
  );
  const elsewhere = { ...paths, runtime: join(paths.home, "second") };
  const flags = ["--set", `kloros.busEndpoint=${paths.busEndpoint}`];
  await Promise.all(
    SERVICES.filter((name) => !NO_CONSUMERS.has(name)).map(async (service) => {
      const second = new DaemonProcess({ service, paths: elsewhere, compiled: compiledPrograms(), flags });
      second.start();
      expect(await second.exited()).not.toBe(0);
      expect(second.lastWords(50)).toContain(`pid ${String(house.daemon(service).pid)}`);
    }),
  );
  await scene.witness.hears(20);
  expect(SERVICES.map((name) => house.daemon(name).pid)).toEqual(pids);
  await scene.comesOutRight();
}, 400_000);
