/** The harness itself: nothing of a machine outlives its test, and where none can be booted that is never taken for success. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import { cgroupMounts } from "./sandbox/cgroups.ts";
import { mustSkip } from "./sandbox/possible.ts";
import { Sandbox } from "./sandbox/sandbox.ts";

const TEST_MS = 90_000;
const WAIT_MS = 30_000;

describe("where no systemd can be booted", () => {
  test("its tests are skipped, or fail where one is demanded", () => {
    const why = "this is not root";
    expect(mustSkip({}, () => why)).toBe(true);
    for (const demanded of [{ CI: "true" }, { KLOROS_REQUIRE_SYSTEMD: "1" }]) {
      let said = "";
      try {
        mustSkip(demanded, () => why);
      } catch (error) {
        said = String(error);
      }
      expect(said).toContain(why);
    }
    expect(mustSkip({ KLOROS_REQUIRE_SYSTEMD: "0" }, () => why)).toBe(true);
    expect(mustSkip({ CI: "1" }, () => undefined)).toBe(false);
  });
});

describe("the control groups of this machine", () => {
  test("are all of them, or the one there is", () => {
    const hybrid = [
      "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0",
      "cgroup /sys/fs/cgroup/freezer cgroup rw,freezer 0 0",
      "cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0",
      "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0",
    ].join("\n");
    expect(cgroupMounts(hybrid).map(({ name }) => name)).toEqual(["memory", "systemd", "unified"]);
    expect(cgroupMounts("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0")).toMatchObject([{ name: "cgroup" }]);
  });
});

describe.skipIf(mustSkip())("a sandbox", () => {
  test(
    "has a systemd of its own, and cannot change the host's files or kernel",
    async () => {
      const sandbox = await Sandbox.boot();
      try {
        expect((await sandbox.must(["cat", "/proc/1/comm"])).trim()).toBe("systemd");
        await sandbox.must(["touch", "/usr/local/kloros-was-here"]);
        expect(existsSync("/usr/local/kloros-was-here")).toBe(false);
        expect((await sandbox.run(["sh", "-c", "echo 1 >/proc/sys/kernel/printk"])).code).not.toBe(0);
        const { out } = await sandbox.run(["systemctl", "--failed", "--plain", "--no-legend"]);
        expect(out).toBe("");
      } finally {
        await sandbox.remove();
      }
      expect(leftOf(process.pid)).toEqual([]);
    },
    TEST_MS,
  );

  test(
    "ends with the process of its test, however that ends",
    async () => {
      const script = `
        import { Sandbox } from ${JSON.stringify(join(import.meta.dirname, "sandbox/sandbox.ts"))};
        const { pid } = await Sandbox.boot();
        console.log(String(pid));
        await new Promise(() => setTimeout(() => undefined, 1e9));
      `;
      const child = Bun.spawn([process.execPath, "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
      const { value } = await child.stdout.getReader().read();
      const pid = Number(new TextDecoder().decode(value));
      expect(readFileSync(`/proc/${String(pid)}/comm`, "utf8").trim()).toBe("systemd");
      child.kill("SIGKILL");
      await child.exited;
      await until("the end of its systemd", () => !existsSync(`/proc/${String(pid)}`), { limitMs: WAIT_MS });
      // What it left on disk and in the tree of control groups goes with the next boot.
      await (await Sandbox.boot()).remove();
      expect(leftOf(child.pid)).toEqual([]);
    },
    TEST_MS,
  );
});

/** Directories that carry this process's number. */
function leftOf(pid: number): readonly string[] {
  const places = [tmpdir(), ...cgroupMounts().map(({ path }) => path)];
  return places.flatMap((place) =>
    readdirSync(place)
      .filter((name) => name.startsWith(`kloros-systemd-${String(pid)}-`))
      .map((name) => join(place, name)),
  );
}
