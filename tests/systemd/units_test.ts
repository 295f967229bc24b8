/** What systemd itself says of the units: whether they are right, and how far each service is closed in. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import {
  SERVICE_NAMES,
  type ServiceName,
  type InstallLayout,
  SYSTEM_LAYOUT,
  userLayout,
  renderUnits,
} from "@kloros/cli/testing";
import { unitOf } from "./house/machine.ts";
import { until } from "@kloros/bus-client/testing";
import { mustSkip } from "./sandbox/possible.ts";
import { Sandbox } from "./sandbox/sandbox.ts";

const SET_UP_MS = 60_000;
const TEST_MS = 60_000;
const USER_LAYOUT = userLayout("/home/operator", { XDG_RUNTIME_DIR: "/run/user/1000" });

/** Tenths. The others stay below 1.5. */
const EXPOSURE_MAX = 15;
/** It runs evaluators that nobody here has written, on GPUs and over the network, and looks into other processes. */
const MORE: Partial<Record<ServiceName, number>> = { "dream-consumer": 18 };

describe.skipIf(mustSkip())("the units", () => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await Sandbox.boot({
      files: [
        ...renderUnits(SYSTEM_LAYOUT),
        ...renderUnits(USER_LAYOUT),
        ...programs(SYSTEM_LAYOUT),
        ...programs(USER_LAYOUT),
      ],
    });
  }, SET_UP_MS);
  afterAll(async () => {
    await sandbox?.remove();
  });

  /** `verify` wants to see them. */
  function programs({ programs: directory }: InstallLayout) {
    return SERVICE_NAMES.map((name) => ({ path: `${directory}/${name}`, text: "#!/bin/sh\n", mode: 0o755 }));
  }

  test(
    "are right, all of them",
    async () => {
      const units = renderUnits(SYSTEM_LAYOUT).map(({ path }) => path);
      const wanted = units.filter((path) => !path.endsWith(".conf"));
      const { code, out, error } = await sandbox.run(["systemd-analyze", "verify", "--man=no", ...wanted]);
      expect({ code, out, error }).toEqual({ code: 0, out: "", error: "" });
    },
    TEST_MS,
  );

  test(
    "are right for a user's own manager too",
    async () => {
      const units = renderUnits(USER_LAYOUT).map(({ path }) => path);
      const command = [
        "env",
        "XDG_RUNTIME_DIR=/run",
        "systemd-analyze",
        "--user",
        "verify",
        "--man=no",
        ...units,
      ];
      const { code, error } = await sandbox.run(command);
      expect({ code, error }).toEqual({ code: 0, error: "" });
    },
    TEST_MS,
  );

  test.each(SERVICE_NAMES)(
    "%s is closed in",
    async (name) => {
      const limit = MORE[name] ?? EXPOSURE_MAX;
      const path = `${SYSTEM_LAYOUT.unitDirectory}/${unitOf(name)}`;
      const command = ["systemd-analyze", "security", "--offline=true", `--threshold=${String(limit)}`, path];
      const { code, out, error } = await sandbox.run(command);
      const verdict = `${out}${error}`.split("\n").find((line) => line.includes("Overall exposure"));
      expect([name, code, verdict]).toEqual([name, 0, verdict]);
    },
    TEST_MS,
  );

  test(
    "do not hold up a boot: a target whose bus never gets ready is given up, its services are not, and a stop ends them",
    async () => {
      const edit = async (unit: string, ...lines: string[]): Promise<void> => {
        const directory = sandbox.pathOf(`/run/systemd/system/${unit}.d`);
        mkdirSync(directory, { recursive: true });
        writeFileSync(`${directory}/test.conf`, lines.join("\n"));
        await sandbox.systemctl("daemon-reload");
      };
      await edit("kloros-.service", "[Service]", "User=root", "ExecStart=", "ExecStart=/bin/sleep 1000");
      await edit("kloros.target", "[Unit]", "JobTimeoutSec=2s");
      expect(await sandbox.run(["systemctl", "start", "kloros.target"])).toMatchObject({
        code: 1,
        error: "Job for kloros.target timed out.\n",
      });
      expect(await sandbox.systemctl("list-jobs", "--plain", "--no-legend")).toContain(
        unitOf("policy-engine"),
      );
      await sandbox.systemctl("stop", "kloros.target");
      const states = "--state=active,activating,deactivating";
      const left = async (): Promise<string> =>
        sandbox.systemctl("list-units", "--plain", "--no-legend", states, "kloros*");
      await until("the end of all", async () => (await left()) === "", { limitMs: TEST_MS });
    },
    TEST_MS,
  );

  test(
    "would not pass with less: the check can fail",
    async () => {
      const path = `${SYSTEM_LAYOUT.unitDirectory}/${unitOf("dream-consumer")}`;
      const { code } = await sandbox.run([
        "systemd-analyze",
        "security",
        "--offline=true",
        "--threshold=10",
        path,
      ]);
      expect(code).not.toBe(0);
      await sandbox.must([
        "sh",
        "-c",
        `sed 's/^WatchdogSec=/WatchdogSce=/' ${path} >/run/systemd/system/bad.service`,
      ]);
      expect((await sandbox.run(["systemd-analyze", "verify", "--man=no", "bad.service"])).error).toContain(
        "WatchdogSce",
      );
    },
    TEST_MS,
  );
});
