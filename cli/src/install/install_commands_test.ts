/** `kloros install`, `verify`, `upgrade`, `release` and `uninstall` as processes, on real files below a root of their own. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { acquireFileLock } from "@kloros/file-lock";
import { type SampleImage, sampleImage } from "../testing/sample_image.ts";
import { sampleDescription, writeSampleRelease } from "../testing/sample_release.ts";

const UNIT = "/etc/systemd/system/kloros-chemical-bus.service";
const COMMAND = "/usr/local/bin/kloros";

// Each test starts many processes.
setDefaultTimeout(60_000);

let image: SampleImage;
let dir: string;
let root: string;
let one: string;
beforeEach(() => {
  image = sampleImage();
  ({ dir, root } = image);
  one = writeSampleRelease(join(dir, "one/kloros"), sampleDescription("1.0.0"));
});
afterEach(() => image.remove());

const kloros = (...args: string[]) => image.kloros(...args);

interface Shown {
  readonly path: string;
  readonly state: string;
  readonly mode: string | null;
  readonly diff?: readonly string[];
}

async function statesOf(...args: string[]): Promise<Record<string, string>> {
  const { out } = await kloros("install", "--from", one, "--json", ...args);
  const { files } = JSON.parse(out) as { files: readonly Shown[] };
  return Object.fromEntries(files.map(({ path, state }) => [path, state]));
}

const install = (...args: string[]) => kloros("install", "--from", one, "--yes", ...args);
const at = (path: string): string => join(root, path);

describe("install", () => {
  test("shows every file with mode, owner and reason in a dry run, and changes nothing", async () => {
    const { code, out } = await kloros("install", "--from", one, "--dry-run");
    expect(code).toBe(0);
    expect(out).toMatch(
      /new +0644 \S+:\S+ +\/etc\/systemd\/system\/kloros-chemical-bus\.service +how systemd/,
    );
    expect(out).toMatch(/new +link .*\/opt\/kloros\/current -> releases\/1\.0\.0-[0-9a-f]{8} /);
    expect(readdirSync(root)).toEqual([]);
  });

  test("needs a yes where nobody can be asked", async () => {
    expect(await kloros("install", "--from", one)).toMatchObject({
      code: 1,
      err: expect.stringContaining("--yes"),
    });
    expect(readdirSync(root)).toEqual([]);
  });

  test("writes what it showed, whatever the umask; again, it finds everything as it is", async () => {
    const umask = process.umask(0o077);
    try {
      expect(await install()).toMatchObject({ code: 0 });
    } finally {
      process.umask(umask);
    }
    const current = readlinkSync(at("/opt/kloros/current"));
    expect(current).toMatch(/^releases\/1\.0\.0-[0-9a-f]{8}$/);
    expect(readFileSync(at(`/opt/kloros/${current}/bin/kloros`))).toEqual(readFileSync(one));
    expect(readlinkSync(at(`/opt/kloros/${current}/bin/chemical-bus`))).toBe("kloros");
    expect(readlinkSync(at(COMMAND))).toBe("/opt/kloros/current/bin/kloros");
    const modes = [`/opt/kloros/${current}`, `/opt/kloros/${current}/bin/kloros`, UNIT].map(
      (path) => statSync(at(path)).mode & 0o777,
    );
    expect(modes).toEqual([0o755, 0o755, 0o644]);
    const before = statSync(at(UNIT)).ino;
    expect(new Set(Object.values(await statesOf("--yes")))).toEqual(new Set(["same", "kept"]));
    expect(statSync(at(UNIT)).ino).toBe(before);
    expect(await kloros("install", "verify")).toMatchObject({ code: 0 });
  });

  test("never touches the operator's settings, and writes its own files anew, showing how they differ", async () => {
    await install();
    writeFileSync(at("/etc/kloros/kloros.toml"), "mine");
    writeFileSync(at(UNIT), `${readFileSync(at(UNIT), "utf8")}# by hand\n`);
    chmodSync(at("/etc/systemd/system/kloros.target"), 0o600);
    const { out } = await kloros("install", "--from", one, "--dry-run");
    expect(out).toContain("- # by hand");
    expect(out).toContain("! has mode 0600");
    const verified = await kloros("install", "verify", "--json");
    expect(verified.code).toBe(1);
    expect((JSON.parse(verified.out) as { problems: string[] }).problems).toBeArrayOfSize(2);
    await install();
    expect(await kloros("install", "verify")).toMatchObject({ code: 0 });
    expect(readFileSync(at("/etc/kloros/kloros.toml"), "utf8")).toBe("mine");
  });

  test("leaves somebody else's files alone unless told, and uninstall brings them back", async () => {
    const theirs = "[Service]\nExecStart=/usr/bin/python3 -m bus\n";
    mkdirSync(at("/etc/systemd/system"), { recursive: true });
    writeFileSync(at(UNIT), theirs);
    mkdirSync(at("/usr/local/bin"), { recursive: true });
    symlinkSync("/bin/true", at(COMMAND));
    const refused = await install();
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`${UNIT}; ${COMMAND} (leads to /bin/true)`);
    expect(existsSync(at("/opt"))).toBe(false);
    expect(await install("--replace")).toMatchObject({ code: 0 });
    expect(readFileSync(at(UNIT), "utf8")).toContain("Type=notify");
    expect(await kloros("uninstall", "--yes")).toMatchObject({ code: 0 });
    expect(readFileSync(at(UNIT), "utf8")).toBe(theirs);
    expect(readlinkSync(at(COMMAND))).toBe("/bin/true");
  });

  test("that was killed at any moment is finished by saying it again", async () => {
    for (const delayMs of [60, 110, 140, 170, 200, 240]) {
      const child = Bun.spawn(image.command("install", "--from", one, "--yes"), {
        stdio: ["ignore", "ignore", "ignore"],
      });
      await Bun.sleep(delayMs);
      child.kill("SIGKILL");
      await child.exited;
      expect(await install()).toMatchObject({ code: 0 });
      expect(await kloros("install", "verify")).toMatchObject({ code: 0 });
      rmSync(at("/opt"), { recursive: true });
      rmSync(at("/etc"), { recursive: true });
    }
  });

  test("is refused while another one is at it, with its pid", async () => {
    mkdirSync(at("/opt/kloros"), { recursive: true });
    const lock = acquireFileLock(at("/opt/kloros/install.lock"), "kloros-upgrade");
    expect(await install()).toMatchObject({
      code: 75,
      err: expect.stringContaining(`kloros-upgrade (pid ${process.pid})`),
    });
    lock.release();
    expect(await install()).toMatchObject({ code: 0 });
  });

  test.each([
    ["echo hello", "did not describe itself"],
    ["exit 3", "ended with 3"],
    [`echo '{"format":9}'`, "in a form that is not known"],
  ])("of what is no release says so: %s", async (script, why) => {
    writeFileSync(one, `#!/bin/sh\n${script}\n`);
    expect(await install()).toMatchObject({ code: 1, err: expect.stringContaining(why) });
    expect(await kloros("install", "--from", "/nowhere", "--yes")).toMatchObject({ code: 1 });
    expect(readdirSync(root)).toEqual([]);
  });
});

describe("verify", () => {
  test("names a drop-in, which is the operator's right", async () => {
    await install();
    mkdirSync(at(`${UNIT}.d`));
    writeFileSync(at(`${UNIT}.d/memory.conf`), "[Service]\nMemoryMax=1G\n");
    const { code, out } = await kloros("install", "verify");
    expect(out).toContain(`${UNIT}.d overrides kloros-chemical-bus.service: memory.conf`);
    expect(code).toBe(0);
  });

  test("names a program that was changed, a link that is gone, and what is not there", async () => {
    await install();
    rmSync(at(COMMAND));
    const link = await kloros("install", "verify");
    expect(link.code).toBe(1);
    expect(link.out).toContain(`${COMMAND} is not there`);
    const current = at(`/opt/kloros/${readlinkSync(at("/opt/kloros/current"))}`);
    writeFileSync(join(current, "bin/kloros"), "x", { flag: "a" });
    rmSync(join(current, "bin/chemical-bus"));
    const program = await kloros("install", "verify");
    expect(program.code).toBe(1);
    expect(program.out).toContain("is not what was installed");
    expect(program.out).toContain("chemical-bus is no link");
  });

  test("of nothing says how to install", async () => {
    expect(await kloros("install", "verify")).toMatchObject({
      code: 1,
      err: expect.stringContaining("--dry-run"),
    });
  });
});

describe("upgrade and rollback of an image", () => {
  test("switch the link, rewrite the units, keep the release before, and go back to it once", async () => {
    await install();
    const two = writeSampleRelease(join(dir, "two/multicall/kloros"), sampleDescription("2.0.0"));
    expect(await kloros("install", "--from", two, "--yes")).toMatchObject({
      code: 1,
      err: expect.stringContaining(`kloros upgrade ${two}`),
    });
    expect(await kloros("upgrade", join(dir, "two"), "--yes")).toMatchObject({ code: 0 });
    expect(readlinkSync(at("/opt/kloros/current"))).toContain("2.0.0");
    expect(readlinkSync(at("/opt/kloros/previous"))).toContain("1.0.0");
    expect(readFileSync(at(UNIT), "utf8")).toContain("of 2.0.0");
    expect(await kloros("install", "verify")).toMatchObject({ code: 0 });
    expect(await kloros("release", "rollback", "--yes")).toMatchObject({ code: 0 });
    expect(readlinkSync(at("/opt/kloros/current"))).toContain("1.0.0");
    expect(readFileSync(at(UNIT), "utf8")).toContain("of 1.0.0");
    expect(await kloros("release", "rollback", "--yes")).toMatchObject({ code: 1 });
    const { out } = await kloros("release", "list", "--json");
    const { releases, previous } = JSON.parse(out) as { releases: { id: string }[]; previous: string | null };
    expect([releases.length, previous]).toEqual([2, null]);
    expect(await kloros("upgrade", releases[1]?.id ?? "", "--yes")).toMatchObject({ code: 0 });
    expect(readlinkSync(at("/opt/kloros/current"))).toContain("2.0.0");
  });

  test("keep two releases: an older one goes when a third is in place; units that a release has no more go too", async () => {
    await install();
    const { units } = sampleDescription("2.0.0");
    const extra = { ...units[0], path: "/etc/systemd/system/kloros-extra.service" } as (typeof units)[number];
    const two = writeSampleRelease(
      join(dir, "two/kloros"),
      sampleDescription("2.0.0", { units: [...units, extra] }),
    );
    const three = writeSampleRelease(join(dir, "three/kloros"), sampleDescription("3.0.0"));
    const tar = join(dir, "three.tar.gz");
    Bun.spawnSync(["tar", "-czf", tar, "-C", dir, "three"]);
    rmSync(three);
    expect(await kloros("upgrade", two, "--yes")).toMatchObject({ code: 0 });
    expect(existsSync(at(extra.path))).toBe(true);
    expect(await kloros("upgrade", tar, "--yes")).toMatchObject({ code: 0 });
    expect(existsSync(at(extra.path))).toBe(false);
    expect(
      readdirSync(at("/opt/kloros/releases"))
        .map((id) => id.split("-")[0])
        .toSorted(),
    ).toEqual(["2.0.0", "3.0.0"]);
    expect(await kloros("install", "verify")).toMatchObject({ code: 0 });
  });
});

describe("uninstall", () => {
  test("takes away what was written and nothing else; data and settings stay unless told", async () => {
    await install();
    mkdirSync(at("/var/lib/kloros/state"), { recursive: true });
    writeFileSync(at("/var/lib/kloros/state/created_by.json"), "{}");
    writeFileSync(at("/etc/systemd/system/other.service"), "");
    const { out } = await kloros("uninstall", "--dry-run", "--json");
    expect(JSON.parse(out)).toMatchObject({ data: [], stays: ["/var/lib/kloros", "/etc/kloros"] });
    expect(await kloros("uninstall", "--yes")).toMatchObject({ code: 0 });
    expect([UNIT, COMMAND, "/opt/kloros"].filter((path) => existsSync(at(path)))).toEqual([]);
    expect(readdirSync(at("/etc/systemd/system"))).toEqual(["other.service"]);
    expect(existsSync(at("/var/lib/kloros/state"))).toBe(true);
    expect(await kloros("uninstall", "--yes")).toMatchObject({ code: 1 });
    await install();
    expect(await kloros("uninstall", "--yes", "--purge-data")).toMatchObject({ code: 0 });
    expect([existsSync(at("/var/lib/kloros")), existsSync(at("/etc/kloros"))]).toEqual([false, false]);
  });

  test("never takes a home that this software did not make", async () => {
    mkdirSync(at("/var/lib/kloros"), { recursive: true });
    writeFileSync(at("/var/lib/kloros/precious"), "");
    await install();
    const said = await kloros("uninstall", "--yes", "--purge-data");
    expect(said.out).toMatch(/stays:\n {2}\/var\/lib\/kloros\n/);
    expect(existsSync(at("/var/lib/kloros/precious"))).toBe(true);
  });
});
