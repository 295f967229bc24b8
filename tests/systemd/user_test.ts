/** The same services in a user's own systemd, without any right beyond the user's. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_NAMES, userLayout, renderUnits, OPTIONAL_UNITS } from "@kloros/cli/testing";
import { resolveInstallation } from "@kloros/daemon";
import { ENVIRONMENT_BEFORE, KEY, writeExperiment } from "../e2e/dream/experiment.ts";
import { growTree } from "../e2e/flow/flow_tree.ts";
import { until } from "@kloros/bus-client/testing";
import { QUICK } from "./house/flows.ts";
import { unitOf } from "./house/machine.ts";
import { buildPrograms, type Programs } from "./house/programs.ts";
import { mustSkip } from "./sandbox/possible.ts";
import { Sandbox } from "./sandbox/sandbox.ts";

const SET_UP_MS = 120_000;
const TEST_MS = 300_000;
const WAIT_MS = 120_000;
const UID = 1500;
const HOME = "/home/operator";
const RUNTIME = `/run/user/${String(UID)}`;
/** The programs lie outside the home, which belongs to the user as a whole. */
const LAYOUT = { ...userLayout(HOME, { XDG_RUNTIME_DIR: RUNTIME }), programs: "/opt/kloros/bin" };
const SEED = 5;

describe.skipIf(mustSkip())("a user's own units", () => {
  let programs: Programs;
  let sandbox: Sandbox;

  beforeAll(async () => {
    programs = await buildPrograms("multicall");
    sandbox = await Sandbox.boot({
      binds: [{ from: programs.directory, to: LAYOUT.programs, readOnly: true }],
      files: [
        ...renderUnits(LAYOUT),
        {
          path: "/etc/sysusers.d/operator.conf",
          text: `u operator ${String(UID)} "Operator" ${HOME} /bin/sh\n`,
        },
      ],
    });
    await sandbox.must(["chown", "-R", "operator:operator", HOME]);
    await sandbox.systemctl("start", `user@${String(UID)}.service`);
  }, SET_UP_MS);
  afterAll(async () => {
    await sandbox?.remove();
  });

  async function asUser(...command: string[]): Promise<string> {
    const env = ["env", `XDG_RUNTIME_DIR=${RUNTIME}`, `HOME=${HOME}`, `KLOROS_HOME=${LAYOUT.home}`];
    return sandbox.must(["runuser", "-u", "operator", "--", ...env, ...command]);
  }

  const systemctl = async (...args: string[]): Promise<string> => asUser("systemctl", "--user", ...args);

  test(
    "start, take in a source tree, and say so",
    async () => {
      await systemctl("enable", ...OPTIONAL_UNITS, "kloros.target");
      await systemctl("start", "kloros.target");
      for (const name of SERVICE_NAMES)
        expect([name, (await systemctl("is-active", unitOf(name))).trim()]).toEqual([name, "active"]);
      const tree = growTree(sandbox.pathOf(LAYOUT.source), { modules: 3, seed: SEED });
      await sandbox.must(["chown", "-R", "operator:operator", LAYOUT.source]);
      // It looks again every minute; a start looks at once.
      await systemctl("restart", unitOf("curiosity-core"));
      const log = sandbox.pathOf(`${LAYOUT.home}/integrated_capabilities.jsonl`);
      const integrated = (): number =>
        existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").length : 0;
      await until("all modules to be integrated", () => integrated() === tree.expected.size, {
        limitMs: WAIT_MS,
      });
      const says = async (): Promise<boolean> =>
        /^\d+ done, last \d+ s ago$/.test(await status("capability-integrator"));
      await until("its status", says, { limitMs: WAIT_MS });
    },
    TEST_MS,
  );

  test(
    "take a promotion through a D-REAM cycle to a deployed winner",
    async () => {
      const home = sandbox.pathOf(LAYOUT.home);
      const { paths } = resolveInstallation({ home, source: sandbox.pathOf(LAYOUT.source), env: {} });
      writeExperiment(paths, { timeoutS: 60 });
      // The user has these files elsewhere than the host.
      const experiment = readFileSync(paths.dreamConfig, "utf8").replaceAll(home, LAYOUT.home);
      writeFileSync(paths.dreamConfig, experiment);
      writeFileSync(paths.environmentFile, ENVIRONMENT_BEFORE);
      writeFileSync(join(home, "kloros.toml"), QUICK);
      mkdirSync(paths.promotions, { recursive: true });
      const promotion = { schema: "v1", id: "one", timestamp: 1_763_116_200, fitness: 0.5 };
      writeFileSync(join(paths.promotions, "one.json"), JSON.stringify(promotion));
      await sandbox.must(["chown", "-R", "operator:operator", HOME]);
      await systemctl("restart", ...SERVICE_NAMES.map(unitOf));
      const deployed = (): boolean => readFileSync(paths.environmentFile, "utf8").includes(`\n${KEY}=4\n`);
      await until("the winner to stand in the environment file", deployed, { limitMs: WAIT_MS });
      const acknowledged = join(paths.promotions, "acknowledged/one.json");
      await until("the promotion to be acknowledged", () => existsSync(acknowledged), { limitMs: WAIT_MS });
      await asUser(`${LAYOUT.programs}/kloros`, "audit");
    },
    TEST_MS,
  );

  test(
    "come back when they are killed, and systemd's count is the monitor's",
    async () => {
      await systemctl("kill", "-s", "KILL", unitOf("policy-engine"));
      await until(
        "another process",
        async () =>
          (await systemctl("show", "--value", "-p", "NRestarts,ActiveState", unitOf("policy-engine")))
            .split("\n")
            .includes("1"),
        { limitMs: WAIT_MS },
      );
      await asUser(`${LAYOUT.programs}/kloros`, "audit");
    },
    TEST_MS,
  );

  test(
    "end in order when they are stopped, and with the user's session",
    async () => {
      await systemctl("stop", "kloros.target");
      const active = async (): Promise<string> =>
        systemctl("list-units", "--state=active,deactivating,failed", "--plain", "--no-legend", "kloros-*");
      await until("the end of all", async () => (await active()) === "", { limitMs: WAIT_MS });
      await systemctl("start", "kloros.target");
      await sandbox.systemctl("stop", `user@${String(UID)}.service`);
      const { out } = await sandbox.run(["journalctl", "-o", "cat", "-g", "^kloros-.*Failed"]);
      // The one that was killed above.
      expect(out.trim().split("\n")).toEqual([`${unitOf("policy-engine")}: Failed with result 'signal'.`]);
    },
    TEST_MS,
  );

  async function status(service: (typeof SERVICE_NAMES)[number]): Promise<string> {
    return (await systemctl("show", "--value", "-p", "StatusText", unitOf(service))).trim();
  }
});
