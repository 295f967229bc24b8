/** Directories that become read-only, under load and at a start: who needs them says which one, and goes on when it can be written again. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import type { Installation } from "@kloros/daemon";
import type { DaemonProcess } from "../e2e/house/daemon_process.ts";
import { mountReadOnly, whyNoMounts } from "../e2e/flow/mounts.ts";
import { Scene } from "./house/scene.ts";
import { Supervisor } from "./house/supervisor.ts";
import { SERVICES, type ServiceName } from "./house/whole_house.ts";

const noMounts = whyNoMounts();
if (noMounts !== undefined) console.warn(`read-only directories are not tested: it ${noMounts}`);

const READ_ONLY = /EROFS|read-only|readonly/i;
/** A cycle that could not write is tried again soon; mostly longer than the monitor, back from its own end, takes to acknowledge. */
const COOLDOWN_S = 15;
const SAID_MS = 60_000;
const RESTART_MS = 300;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.remove();
  scene = undefined;
});

interface Case {
  readonly directory: (paths: Installation) => string;
  /** Who cannot go on in the middle of its work. */
  readonly running: readonly ServiceName[];
  /** Who cannot start there. */
  readonly started: readonly ServiceName[];
}

describe.skipIf(noMounts !== undefined)(
  "a directory that becomes read-only under load, and writable again",
  () => {
    test.each<readonly [string, Case]>([
      [
        "the state directory",
        { directory: ({ state }) => state, running: [], started: ["chemical-bus", "policy-engine"] },
      ],
      [
        "the home",
        {
          directory: ({ home }) => home,
          running: ["intent-router", "investigation-consumer"],
          started: ["chemical-bus", "semantic-dedup"],
        },
      ],
      [
        "the intents' directory",
        { directory: ({ intents }) => intents, running: ["intent-router"], started: ["intent-router"] },
      ],
    ])(
      "%s",
      async (_, { directory, running, started }) => {
        const source = mkdtempSync(join(tmpdir(), "kloros-source-"));
        scene = new Scene({ source, cooldownS: COOLDOWN_S });
        scene.later(() => {
          rmSync(source, { recursive: true });
        });
        await scene.begin();
        const { house } = scene;
        const path = directory(house.paths);
        // So that it has something to do there when it goes on.
        for (const name of running) house.daemon(name).send("SIGSTOP");
        for (let n = 0; n < 10; n++) house.ask(`waiting-${String(n)}`);
        const mount = scene.add(mountReadOnly(path));
        for (const name of running) house.daemon(name).send("SIGCONT");
        for (const name of running) await saysWhy(house.daemon(name), path, 0);
        const supervisor = new Supervisor(
          SERVICES.map((name) => house.daemon(name)),
          { delayMs: () => RESTART_MS },
        );
        for (const name of started) {
          const daemon = house.daemon(name);
          const { heard } = daemon;
          await daemon.kill();
          await saysWhy(daemon, path, heard);
        }
        mount.unmount();
        await supervisor.release();
        await house.ready();
        await scene.witness.hears(20);
        expect(supervisor.ownEnds.filter((words) => !READ_ONLY.test(words))).toEqual([]);
        await scene.comesOutRight();
      },
      400_000,
    );
  },
);

/** `heard`: how much it had said before. */
async function saysWhy(daemon: DaemonProcess, path: string, heard: number): Promise<void> {
  const words = (): string => daemon.lastWords(daemon.heard - heard);
  const said = (): boolean => READ_ONLY.test(words()) && words().includes(path);
  await until(`${daemon.service} to say that it cannot write ${path}`, said, { limitMs: SAID_MS });
}
