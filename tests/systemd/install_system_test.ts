/** `kloros install` in a real systemd: a clean machine, one with an existing KLoROS, one user's own; and what stands in its way. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { buildPrograms, type Programs } from "./house/programs.ts";
import { mustSkip } from "./sandbox/possible.ts";
import { Sandbox } from "./sandbox/sandbox.ts";

const STEP_MS_MAX = 120_000;
const KLOROS = "/mnt/kloros";

describe.skipIf(mustSkip())("kloros install", () => {
  let programs: Programs;
  let sandbox: Sandbox;

  beforeAll(async () => {
    programs = await buildPrograms("multicall");
    sandbox = await Sandbox.boot({ binds: [{ from: programs.directory, to: "/mnt", readOnly: true }] });
  }, STEP_MS_MAX);
  afterAll(async () => {
    await sandbox?.remove();
  });

  const shell = (script: string) => sandbox.run(["sh", "-c", script], { limitMs: STEP_MS_MAX });
  const must = (script: string) => sandbox.must(["sh", "-c", script], { limitMs: STEP_MS_MAX });
  const json = async (script: string) => JSON.parse(await must(script)) as Record<string, unknown>;

  /** Once everybody answers in time: they have just begun. */
  async function status(): Promise<unknown> {
    let said = await shell("cd /; kloros status --json");
    for (let tries = 0; said.code !== 0 && tries < 10; tries++)
      said = await shell("cd /; kloros status --json");
    expect(said).toMatchObject({ code: 0 });
    return JSON.parse(said.out);
  }

  async function active(): Promise<number> {
    const out = await sandbox.systemctl(
      "list-units",
      "--no-legend",
      "--plain",
      "--state=active",
      "kloros*.service",
    );
    return out.split("\n").filter((line) => line !== "").length;
  }

  test.each([
    ["a full disk", "mount -t tmpfs -o size=2m full /opt", "", "needs 1"],
    ["a read-only disk", "mount -t tmpfs -o ro readonly /opt", "", "read-only"],
    [
      "somebody who is not root",
      "true",
      "setpriv --reuid=65534 --regid=65534 --clear-groups",
      "sudo kloros install",
    ],
    ["no systemctl", "true", "env PATH=/nowhere", "systemd was not told"],
  ])(
    "meets %s with a clear word",
    async (_what, prepare, as, message) => {
      const { out, error } = await shell(
        `${prepare} && ${as} ${KLOROS} install --yes; umount /opt 2>/dev/null`,
      );
      expect(out + error).toContain(message);
      expect(out + error).not.toContain("\n    at ");
      await shell(`${KLOROS} uninstall --yes --purge-data`);
      expect(existsSync(sandbox.pathOf("/opt/kloros"))).toBe(false);
    },
    STEP_MS_MAX,
  );

  test(
    "puts all on a clean machine, ready to start; verify agrees, and notices what an operator changed",
    async () => {
      await must(`${KLOROS} install --yes`);
      expect(await active()).toBe(0);
      await sandbox.systemctl("enable", "--now", "kloros.target");
      expect(await active()).toBe(10);
      expect(await status()).toMatchObject({ mode: "act" });
      expect(await json("kloros install verify --json")).toMatchObject({ ok: true, problems: [], notes: [] });
      expect(await must(`${KLOROS} install --yes`)).not.toContain(" new ");
      expect((await shell("cd /; runuser -u nobody -- kloros status")).error).toContain("say it with sudo");
      await must(
        "systemctl mask --runtime kloros-intent-router.service; mkdir -p /etc/systemd/system/kloros-policy-engine.service.d; echo '[Service]' > /etc/systemd/system/kloros-policy-engine.service.d/x.conf; systemctl disable --quiet kloros.target",
      );
      const { code, out } = await shell("kloros install verify");
      expect(code).toBe(0);
      expect(out).toContain("x.conf");
      expect(out).toContain("kloros.target is disabled");
    },
    STEP_MS_MAX,
  );

  test(
    "is undone by uninstall while everything runs: nothing of it runs or is left, the data stays",
    async () => {
      await must("kloros uninstall --yes");
      expect(await active()).toBe(0);
      for (const path of ["/opt/kloros", "/usr/local/bin/kloros", "/etc/systemd/system/kloros.target"])
        expect(existsSync(sandbox.pathOf(path))).toBe(false);
      expect(
        await must("systemctl list-unit-files 'kloros*.service' --no-legend --state=enabled || true"),
      ).toBe("");
      expect(existsSync(sandbox.pathOf("/var/lib/kloros/state/journal.db"))).toBe(true);
    },
    STEP_MS_MAX,
  );

  test(
    "adopts an existing KLoROS: as its owner, in observe mode, its files and daemons untouched, its timer named",
    async () => {
      await must(EXISTING);
      const refused = await shell(`${KLOROS} install --yes`);
      expect(refused.code).toBe(1);
      expect(refused.error).toContain("belongs to kloros");
      await must(
        "rm -r /var/lib/kloros; rm -r /etc/systemd/system/kloros-policy-engine.service.d; systemctl unmask --runtime kloros-intent-router.service",
      );
      const before = await must(LISTING);
      const shown = await json(`${KLOROS} install --dry-run --json`);
      expect(shown).toMatchObject({ home: { path: "/home/kloros/.kloros", kind: "legacy" } });
      expect(String(shown["notes"])).toMatch(/observe\s+mode.*kloros-orchestrator\.timer.*kloros migrate/s);
      await must(`${KLOROS} install --yes`);
      expect(await must(LISTING)).toBe(before);
      const unit = readFileSync(sandbox.pathOf("/etc/systemd/system/kloros-intent-router.service"), "utf8");
      expect(unit).toContain("User=ada\n");
      expect(unit).toContain("KLOROS_SOURCE=/home/kloros/src\n");
      await sandbox.systemctl("start", "kloros.target", "kloros-intent-router.service");
      expect(await status()).toMatchObject({ mode: "observe" });
      expect(await json("kloros install verify --json")).toMatchObject({ ok: true });
      expect(await must(LISTING)).toBe(before);
      await must("kloros uninstall --yes --purge-data");
      expect(await must(LISTING)).toBe(before);
    },
    STEP_MS_MAX,
  );

  test(
    "serves one user under that user's own systemd, with nothing outside the user's directories",
    async () => {
      await must(
        "useradd --create-home --home-dir /srv/grace grace && loginctl enable-linger grace && systemctl start user@$(id -u grace)",
      );
      const command = "/srv/grace/.local/bin/kloros";
      await must(`${AS_GRACE} ${KLOROS} install --user --yes`);
      const manager = `${AS_GRACE} env XDG_RUNTIME_DIR=/run/user/$(id -u grace) systemctl --user`;
      await must(`${manager} enable --now kloros.target`);
      expect(await must(`${manager} list-units --no-legend --state=active 'kloros*.service' | wc -l`)).toBe(
        "10\n",
      );
      expect(await json(`${AS_GRACE} ${command} install verify --user --json`)).toMatchObject({
        ok: true,
        notes: [],
      });
      expect(await json(`${AS_GRACE} ${command} status --json`)).toMatchObject({ mode: "act" });
      await must(`${AS_GRACE} ${command} audit`);
      expect(existsSync(sandbox.pathOf("/opt/kloros"))).toBe(false);
      await must(`${AS_GRACE} ${command} uninstall --user --yes --purge-data`);
      expect(await must("find /srv/grace /run/user -name '*kloros*' -not -path '*/systemd/*'")).toBe("");
    },
    STEP_MS_MAX,
  );
});

/** By a shell that came without the variables of a login. */
const AS_GRACE = "cd /srv/grace; runuser -u grace -- env -u XDG_RUNTIME_DIR HOME=/srv/grace";

/** As FACTS describes it, small. */
const EXISTING = `
set -e
useradd --home-dir /home/kloros --shell /bin/sh ada
mkdir -p /home/kloros/.kloros/intents /home/kloros/src/registry /home/kloros/src/audio
echo '{"type":"curiosity_investigate","question":"why?"}' > /home/kloros/.kloros/intents/1_x.json
echo '{"status":"completed"}' > /home/kloros/.kloros/curiosity_investigations.jsonl
printf '# mine\\nconfig:\\n  module: config\\n' > /home/kloros/src/registry/capabilities.yaml
touch /home/kloros/src/audio/__init__.py
echo 'KLR_AUTONOMY_LEVEL=0' > /home/kloros/.kloros_env
chown -R ada:ada /home/kloros
printf '[Timer]\\nOnUnitActiveSec=60\\n' > /etc/systemd/system/kloros-orchestrator.timer
printf '[Service]\\nType=oneshot\\nExecStart=/usr/bin/python3 -m src.kloros.orchestration.run_once\\n' > /etc/systemd/system/kloros-orchestrator.service
`;

/** Every file with owner, mode, time and content. */
const LISTING =
  "cd /home/kloros && find . -type f -exec stat -c '%n %U %a %Y' {} + | sort && find . -type f -exec sha256sum {} + | sort; ls /etc/systemd/system | grep '^kloros-orchestrator[.]'";
