/** The Debian package, with the real dpkg, in a real systemd: installed, upgraded, taken back, removed, purged. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildPrograms } from "./house/programs.ts";
import { migrateJournal, NextVersion } from "./install/next_version.ts";
import { mustSkip } from "./sandbox/possible.ts";
import { Sandbox } from "./sandbox/sandbox.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const STEP_MS_MAX = 180_000;
const EDITED = "/etc/systemd/system/kloros-semantic-dedup.service.d";
const DROP_IN = `mkdir ${EDITED} && printf '[Service]\\nNice=1\\n' >${EDITED}/own.conf && systemctl daemon-reload`;
const skip = mustSkip() || noDpkg();

function noDpkg(): boolean {
  if (Bun.which("dpkg-deb") !== null && Bun.which("dpkg") !== null) return false;
  console.error("SKIPPED: the tests of the Debian package: there is no dpkg here");
  return true;
}

async function buildPackage(tree: string, out: string): Promise<string> {
  const command = [process.execPath, join(tree, "scripts/src/build.ts"), "--out", out, "--deb"];
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"] });
  const [said, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const built = /\S+\.deb$/m.exec(said)?.[0];
  if (code !== 0 || built === undefined) throw new Error(`the package could not be built:\n${said}${error}`);
  return built.split("/").at(-1) ?? "";
}

describe.skipIf(skip)("the Debian package", () => {
  let builds: string;
  let sandbox: Sandbox;
  let built: string;
  const first = "/media/one.deb";
  let second = "";

  beforeAll(async () => {
    builds = mkdtempSync(join(tmpdir(), "kloros-packages-"));
    built = (await buildPrograms("package")).package ?? "";
    const tree = new NextVersion();
    try {
      tree.setVersion("0.2.0");
      migrateJournal(tree, { wayBack: true });
      second = `/mnt/two/${await buildPackage(tree.root, join(builds, "two"))}`;
    } finally {
      tree.remove();
    }
    sandbox = await Sandbox.boot({
      binds: [
        { from: built, to: first, readOnly: true },
        { from: builds, to: "/mnt", readOnly: true },
      ],
      // A machine that builds images may forbid all starts; this one is an operator's.
      files: [{ path: "/usr/sbin/policy-rc.d", text: "#!/bin/sh\nexit 0\n", mode: 0o755 }],
    });
  }, STEP_MS_MAX);
  afterAll(async () => {
    await sandbox?.remove();
    rmSync(builds, { recursive: true, force: true });
  });

  const kloros = async (...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse(await sandbox.must(["kloros", ...args, "--json"])) as Record<string, unknown>;

  async function running(): Promise<string[]> {
    const out = await sandbox.systemctl(
      "list-units",
      "--no-legend",
      "--plain",
      "--state=active",
      "kloros*.service",
    );
    return out.split("\n").filter((line) => line !== "");
  }

  test(
    "has the same bytes when the same sources are built again",
    async () => {
      const again = await buildPackage(ROOT, join(builds, "again"));
      expect(readFileSync(join(builds, "again", again)).equals(readFileSync(built))).toBe(true);
    },
    STEP_MS_MAX,
  );

  test(
    "is installed without starting anything; then the target starts all, and all is as dpkg knows it",
    async () => {
      const said = await sandbox.must(["dpkg", "-i", first]);
      expect(said).toContain("systemctl enable --now kloros.target");
      expect(await running()).toEqual([]);
      expect((await sandbox.run(["systemctl", "is-enabled", "kloros.target"])).out).toBe("disabled\n");
      await sandbox.systemctl("enable", "--now", "kloros.target");
      expect(await running()).toBeArrayOfSize(10);
      expect(await kloros("install", "verify")).toMatchObject({ ok: true, problems: [] });
      await sandbox.must(["kloros", "audit"]);
    },
    STEP_MS_MAX,
  );

  test(
    "sends whoever wants to upgrade or go back to apt, and to its own commands",
    async () => {
      for (const args of [
        ["upgrade", "/mnt/two"],
        ["release", "rollback"],
        ["install", "--yes"],
        ["uninstall"],
      ]) {
        const { code, error } = await sandbox.run(["kloros", ...args]);
        expect(code).toBe(1);
        expect(error).toContain("sudo apt");
      }
    },
    STEP_MS_MAX,
  );

  test(
    "is upgraded while it runs: what ran runs the new one; a program that is not what dpkg installed is told",
    async () => {
      await sandbox.must(["dpkg", "-i", second]);
      expect(await running()).toBeArrayOfSize(10);
      expect(await sandbox.must(["kloros", "--version"])).toBe("0.2.0\n");
      expect(await kloros("journal", "version")).toMatchObject({ found: 3 });
      await sandbox.must(["sh", "-c", DROP_IN]);
      expect(await kloros("install", "verify")).toMatchObject({
        ok: true,
        release: "0.2.0",
        notes: [expect.stringContaining("own.conf")],
      });
      await sandbox.systemctl("revert", "kloros-semantic-dedup.service");
      await sandbox.must(["sh", "-c", "echo '# changed' >> /usr/lib/systemd/system/kloros.target"]);
      const { code, out } = await sandbox.run(["kloros", "install", "verify"]);
      expect(code).toBe(1);
      expect(out).toContain("/lib/systemd/system/kloros.target");
    },
    STEP_MS_MAX,
  );

  test(
    "is taken back by hand, with the journal, as its commands say",
    async () => {
      // The command waits for what it names, and the bus ends last.
      await sandbox.systemctl("stop", "kloros.target", "kloros-chemical-bus.service");
      await sandbox.must(["runuser", "-u", "kloros", "--", "kloros", "journal", "downgrade", "--to", "2"]);
      await sandbox.must(["dpkg", "-i", first]);
      await sandbox.systemctl("start", "kloros.target");
      expect(await kloros("journal", "version")).toMatchObject({ found: 2 });
      await sandbox.must(["kloros", "audit"]);
    },
    STEP_MS_MAX,
  );

  test(
    "is removed with everything stopped; installed again, settings, data and what was enabled are there",
    async () => {
      await sandbox.must(["sh", "-c", "echo '# mine' >> /etc/kloros/kloros.toml"]);
      await sandbox.must(["dpkg", "-r", "kloros"]);
      expect(await running()).toEqual([]);
      expect(existsSync(sandbox.pathOf("/usr/bin/kloros"))).toBe(false);
      expect(existsSync(sandbox.pathOf("/var/lib/kloros/state/journal.db"))).toBe(true);
      await sandbox.must(["dpkg", "-i", first]);
      expect(await running()).toEqual([]);
      expect((await sandbox.run(["systemctl", "is-enabled", "kloros.target"])).out).toBe("enabled\n");
      expect(readFileSync(sandbox.pathOf("/etc/kloros/kloros.toml"), "utf8")).toContain("# mine");
    },
    STEP_MS_MAX,
  );

  test(
    "is purged: only the data stays, and it says where",
    async () => {
      expect(await sandbox.must(["dpkg", "-P", "kloros"])).toContain("stay in /var/lib/kloros");
      const left = await sandbox.must([
        "sh",
        "-c",
        "find /etc /usr /var/log /run /lib -xdev -iname '*kloros*' 2>/dev/null || true",
      ]);
      expect(left.split("\n").filter((path) => path !== "" && !path.includes("kloros-test"))).toEqual([]);
      expect(existsSync(sandbox.pathOf("/var/lib/kloros/state/journal.db"))).toBe(true);
    },
    STEP_MS_MAX,
  );
});
