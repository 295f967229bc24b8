/** Directories that become read-only, under load and at a start: who needs them says which one, and goes on when it can be written again. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import type { Installation } from "@kloros/daemon";
import { mountReadOnly, whyNoMounts } from "../e2e/flow/mounts.ts";
import { Scene } from "./house/scene.ts";
import { Supervisor } from "./house/supervisor.ts";
import { SERVICES, type ServiceName } from "./house/whole_house.ts";

const noMounts = whyNoMounts();
if (noMounts !== undefined) console.warn(`read-only directories are not tested: it ${noMounts}`);

const READ_ONLY = /EROFS|read-only|readonly/i;
/** A cycle that could not write is tried again soon. */
const COOLDOWN = "5s";
const SAID_MS = 30_000;
const RESTART_MS = 300;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.remove();
  scene = undefined;
});

interface Case {
  readonly directory: (paths: Installation) => string;
  /** Who is started anew meanwhile, and does not get far, or does. */
  readonly killed: readonly ServiceName[];
}

describe.skipIf(noMounts !== undefined)(
  "a directory that becomes read-only under load, and writable again",
  () => {
    test.each<readonly [string, Case]>([
      ["the state directory", { directory: ({ state }) => state, killed: ["chemical-bus", "policy-engine"] }],
      ["the home", { directory: ({ home }) => home, killed: ["chemical-bus", "semantic-dedup"] }],
      ["the intents' directory", { directory: ({ intents }) => intents, killed: ["intent-router"] }],
    ])(
      "%s",
      async (_, { directory, killed }) => {
        const source = mkdtempSync(join(tmpdir(), "kloros-source-"));
        scene = new Scene({ source, cooldown: COOLDOWN });
        scene.later(() => {
          rmSync(source, { recursive: true });
        });
        await scene.begin();
        const { house } = scene;
        const path = directory(house.paths);
        const mount = scene.add(mountReadOnly(path));
        const daemons = killed.map((name) => house.daemon(name));
        const supervisor = new Supervisor(
          SERVICES.map((name) => house.daemon(name)),
          { delayMs: () => RESTART_MS },
        );
        for (const daemon of daemons) await daemon.kill();
        for (const daemon of daemons) {
          const saysSo = (): boolean => {
            const words = daemon.lastWords(100);
            return READ_ONLY.test(words) && words.includes(path);
          };
          await until(`${daemon.service} to say what it cannot write`, saysSo, { limitMs: SAID_MS }).catch(
            (error) => {
              throw new Error(`${String(error)}\n${daemon.lastWords(10)}`);
            },
          );
        }
        mount.unmount();
        await supervisor.release();
        await house.ready();
        await scene.witness.hears(20);
        expect(supervisor.ownEnds.filter((words) => !READ_ONLY.test(words))).toEqual([]);
        await scene.comesOutRight();
      },
      240_000,
    );
  },
);
