/** What `install` and `uninstall` leave behind when they are stopped, said twice, or find what nobody expects. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
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
import { choosePlace } from "./choose_place.ts";
import { roleFilePath, writeRole } from "../migrate/role_file.ts";
import { addRelease, identify } from "../release/add_release.ts";
import { ReleaseStore } from "../release/release_store.ts";
import { runToEnd, type SampleImage, sampleImage } from "../testing/sample_image.ts";
import { sampleDescription, writeSampleRelease } from "../testing/sample_release.ts";

const UNIT = "/etc/systemd/system/kloros-chemical-bus.service";
const COMMAND = "/usr/local/bin/kloros";
const THEIRS = "[Service]\nExecStart=/usr/bin/python3 -m bus\n";
const IS_ROOT = process.getuid?.() === 0;

// Each test starts many processes.
setDefaultTimeout(60_000);

let image: SampleImage;
let one: string;
beforeEach(() => {
  image = sampleImage();
  one = writeSampleRelease(join(image.dir, "one/kloros"), sampleDescription("1.0.0"));
});
afterEach(() => image.remove());

const at = (path: string): string => image.at(path);
const install = (...args: string[]) => image.kloros("install", "--from", one, "--yes", ...args);

function write(path: string, text: string): void {
  mkdirSync(join(at(path), ".."), { recursive: true });
  writeFileSync(at(path), text);
}

describe("somebody else's unit", () => {
  test("outlives an installation that could not move it aside, and the uninstallation after it", async () => {
    write(UNIT, THEIRS);
    write("/opt/kloros/replaced", "in the way of the directory");
    expect(await install("--replace")).toMatchObject({ code: 1 });
    expect(readFileSync(at(UNIT), "utf8")).toBe(THEIRS);
    await image.kloros("uninstall", "--yes");
    expect(readFileSync(at(UNIT), "utf8")).toBe(THEIRS);
  });

  test("is brought back as it was: mode, owner, bytes; also a link that leads nowhere, and a directory", async () => {
    write(UNIT, THEIRS);
    chmodSync(at(UNIT), 0o600);
    if (IS_ROOT) chownSync(at(UNIT), 12_345, 54_321);
    mkdirSync(at("/usr/local/bin"), { recursive: true });
    symlinkSync("/nowhere", at(COMMAND));
    mkdirSync(at("/etc/systemd/system/kloros.target/empty"), { recursive: true, mode: 0o700 });
    expect(await install("--replace")).toMatchObject({ code: 0 });
    expect(await image.kloros("uninstall", "--yes")).toMatchObject({ code: 0 });
    const { mode, uid, gid } = statSync(at(UNIT));
    expect([readFileSync(at(UNIT), "utf8"), mode & 0o7777]).toEqual([THEIRS, 0o600]);
    if (IS_ROOT) expect([uid, gid]).toEqual([12_345, 54_321]);
    expect(readlinkSync(at(COMMAND))).toBe("/nowhere");
    expect(statSync(at("/etc/systemd/system/kloros.target/empty")).mode & 0o777).toBe(0o700);
  });

  test("is whole again when what was kept was only half a copy", async () => {
    write(UNIT, THEIRS);
    write(`/opt/kloros/replaced${UNIT}.kloros-tmp`, THEIRS.slice(0, 5));
    expect(await install("--replace")).toMatchObject({ code: 0 });
    // Killed while it brought it back.
    rmSync(at(UNIT));
    write(`${UNIT}.kloros-tmp`, THEIRS.slice(0, 5));
    expect(await image.kloros("uninstall", "--yes")).toMatchObject({ code: 0 });
    expect(readFileSync(at(UNIT), "utf8")).toBe(THEIRS);
  });

  test("that came where one was moved aside already is not lost for it", async () => {
    mkdirSync(at("/usr/local/bin"), { recursive: true });
    symlinkSync("/bin/true", at(COMMAND));
    await install("--replace");
    rmSync(at(COMMAND));
    writeFileSync(at(COMMAND), "#!/bin/sh\n# a wrapper of the operator's\n");
    const said = await install("--replace");
    expect(said).toMatchObject({ code: 1, err: expect.stringContaining("is kept already") });
    expect(await image.kloros("uninstall", "--yes")).toMatchObject({ code: 0 });
    expect(readFileSync(at(COMMAND), "utf8")).toContain("a wrapper");
  });
});

test("what services and their operators must read can be read, whatever the umask of whoever installs", async () => {
  const umask = process.umask(0o077);
  try {
    expect(await install()).toMatchObject({ code: 0 });
  } finally {
    process.umask(umask);
  }
  const release = `/opt/kloros/${readlinkSync(at("/opt/kloros/current"))}`;
  const modeOf = (path: string): number => statSync(at(path)).mode & 0o777;
  const directories = ["/opt/kloros", "/opt/kloros/releases", release, "/etc/kloros", "/usr/local/bin"];
  expect(directories.map(modeOf)).toEqual(directories.map(() => 0o755));
  const files = ["/opt/kloros/installation.json", `${release}/release.json`, "/etc/kloros/kloros.toml"];
  expect(files.map(modeOf)).toEqual(files.map(() => 0o644));
});

test("what still runs in an installation is named, and nothing is taken away under it", async () => {
  await install();
  mkdirSync(at("/run/kloros"), { recursive: true });
  const lock = acquireFileLock(at("/run/kloros/chemical-bus.lock"), "chemical-bus");
  expect(await image.kloros("uninstall", "--yes")).toMatchObject({
    code: 75,
    err: expect.stringContaining(`chemical-bus (pid ${process.pid})`),
  });
  expect(await image.kloros("install", "verify")).toMatchObject({ code: 0 });
  lock.release();
  expect(await image.kloros("uninstall", "--yes")).toMatchObject({ code: 0 });
});

test("a program that was damaged is put right by saying install again, as verify says", async () => {
  await install();
  const program = join(at("/opt/kloros"), readlinkSync(at("/opt/kloros/current")), "bin/kloros");
  writeFileSync(program, "#!/bin/sh\nexit 9\n");
  rmSync(join(program, "../chemical-bus"));
  expect(await image.kloros("install", "verify")).toMatchObject({ code: 1 });
  expect(await install()).toMatchObject({ code: 0 });
  expect(await image.kloros("install", "verify")).toMatchObject({ code: 0 });
});

test("what a killed installation or upgrade left of other releases goes with the next one", async () => {
  for (const name of [".staging-9.9.9-00000000", ".removed-9.9.9-00000000"])
    write(`/opt/kloros/releases/${name}/bin/kloros`, "x");
  await install();
  expect(existsSync(at("/opt/kloros/releases/.staging-9.9.9-00000000"))).toBe(false);
  expect(existsSync(at("/opt/kloros/releases/.removed-9.9.9-00000000"))).toBe(false);
});

test("a current that is no link is named, with what to do", async () => {
  await install();
  rmSync(at("/opt/kloros/current"));
  mkdirSync(at("/opt/kloros/current"));
  for (const args of [
    ["install", "--from", one, "--yes"],
    ["install", "verify"],
    ["release", "list"],
  ]) {
    expect(await image.kloros(...args)).toMatchObject({
      code: 1,
      err: expect.stringContaining("move it away"),
    });
  }
});

describe("a home", () => {
  test.skipIf(!IS_ROOT)("of root's is refused: services are not run as root", async () => {
    write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    write("/etc/group", "root:x:0:\n");
    mkdirSync(at("/srv/kloros"), { recursive: true });
    const said = await install("--home", "/srv/kloros");
    expect(said).toMatchObject({ code: 1, err: expect.stringContaining("/srv/kloros belongs to root") });
    expect(existsSync(at("/opt"))).toBe(false);
  });

  test.each(["/srv/my home", "/srv/100%", "/srv/a:b"])(
    "that a unit cannot name is refused by its name: %s",
    async (home) => {
      const { code, err } = await install("--home", home);
      expect(code).toBe(1);
      expect(err).toContain(`--home ${JSON.stringify(home)}`);
      expect(err).not.toContain("no program of a KLoROS release");
    },
  );

  test("that a purge was stopped in is taken away by the next one", async () => {
    await install();
    write("/var/lib/kloros/state/created_by.json", "{}");
    for (let n = 0; n < 3000; n += 1) write(`/var/lib/kloros/intents/${n}.json`, "{}");
    const purge = Bun.spawn(image.command("uninstall", "--yes", "--purge-data"), {
      stdio: ["ignore", "ignore", "ignore"],
    });
    const limit = performance.now() + 20_000;
    while (existsSync(at("/var/lib/kloros/intents/0.json")) && performance.now() < limit) await Bun.sleep(1);
    purge.kill("SIGKILL");
    await purge.exited;
    await image.kloros("uninstall", "--yes", "--purge-data");
    expect(existsSync(at("/var/lib/kloros"))).toBe(false);
  });
});

test.skipIf(!IS_ROOT)("a home that this user may not look at is named, with what to do", () => {
  mkdirSync(at("/var/lib/kloros/state"), { recursive: true });
  chmodSync(at("/var/lib/kloros"), 0o700);
  chmodSync(image.dir, 0o755);
  process.seteuid?.(65_534);
  try {
    expect(() => choosePlace({ root: image.root }, { env: {}, cwd: "/" })).toThrow("sudo");
  } finally {
    process.seteuid?.(0);
  }
});

test.skipIf(!IS_ROOT)("whoever only looks finds the owners right that are", async () => {
  await install();
  const owner = 65_534;
  Bun.spawnSync(["chown", "-R", String(owner), image.root]);
  expect(await image.kloros("install", "verify")).toMatchObject({ code: 0 });
});

describe("an image", () => {
  test("that is not there, or has no name, is no image", async () => {
    for (const root of ["", join(image.dir, "typo")]) {
      const said = await runToEnd(
        image.command("install", "--from", one, "--yes").slice(0, -1).concat(root),
        { PATH: process.env["PATH"] ?? "", HOME: image.dir },
        image.dir,
      );
      expect(said).toMatchObject({ code: 1, err: expect.stringContaining("--root") });
    }
    expect(existsSync(join(image.dir, "typo"))).toBe(false);
    expect(existsSync(join(image.dir, "opt"))).toBe(false);
  });
});

test("what the migration told units outlives an uninstallation, and goes with its state", async () => {
  const path = roleFilePath("/etc/systemd/system", "policy-engine");
  await install();
  await writeRole(at(path), "act");
  await image.kloros("uninstall", "--yes");
  expect(existsSync(at(path))).toBe(true);
  await install();
  expect((await image.kloros("uninstall", "--dry-run", "--purge-data")).out).toContain(path);
  await image.kloros("uninstall", "--yes", "--purge-data");
  expect(existsSync(at(join(path, "..")))).toBe(false);
});

describe("what changes meanwhile", () => {
  test("between the question and the answer is not written over", async () => {
    const asking = Bun.spawn(
      ["script", "-qec", image.command("install", "--from", one).join(" "), "/dev/null"],
      {
        env: { PATH: process.env["PATH"] ?? "", HOME: image.dir, TERM: "dumb" },
        stdio: ["pipe", "pipe", "ignore"],
      },
    );
    const reader = asking.stdout.getReader();
    let shown = "";
    const readOn = async (): Promise<boolean> => {
      const { value, done } = await reader.read();
      shown += new TextDecoder().decode(value);
      return !done;
    };
    while (!shown.includes("[y/N]") && (await readOn()));
    const two = writeSampleRelease(join(image.dir, "two/kloros"), sampleDescription("2.0.0"));
    expect(await image.kloros("install", "--from", two, "--yes")).toMatchObject({ code: 0 });
    void asking.stdin.write("y\n");
    await asking.stdin.end();
    while (await readOn());
    expect(await asking.exited).toBe(1);
    expect(readlinkSync(at("/opt/kloros/current"))).toContain("2.0.0");
    expect(await image.kloros("install", "verify")).toMatchObject({ code: 0 });
  });

  test("in a program while it is copied is no release", async () => {
    const description = sampleDescription("1.0.0");
    const release = await identify(one, description);
    writeFileSync(one, "# a build goes on", { flag: "a" });
    const base = at("/opt/kloros");
    const error = await addRelease(new ReleaseStore(base), one, release).catch(String);
    expect(error).toContain("changed while it was copied");
    expect(readdirSync(join(base, "releases"))).toEqual([]);
  });

  test("by a migration keeps upgrade and uninstall out until it has ended", async () => {
    await install();
    mkdirSync(at("/var/lib/kloros/state/migration"), { recursive: true });
    const lock = acquireFileLock(at("/var/lib/kloros/state/migration/lock"), "migrate");
    for (const args of [
      ["upgrade", one, "--yes"],
      ["uninstall", "--yes"],
    ])
      expect(await image.kloros(...args)).toMatchObject({ code: 75, err: expect.stringContaining("migrat") });
    lock.release();
    expect(await image.kloros("upgrade", one, "--yes")).toMatchObject({ code: 0 });
  });
});

test("an upgrade that somebody's unit is in the way of says so in a dry run too, and names a way that there is", async () => {
  await install();
  const { units } = sampleDescription("2.0.0");
  const path = "/etc/systemd/system/kloros-extra.service";
  const two = writeSampleRelease(
    join(image.dir, "two/kloros"),
    sampleDescription("2.0.0", { units: [...units, { path, text: "# Generated from cli/\n", mode: 0o644 }] }),
  );
  write(path, THEIRS);
  for (const flag of ["--dry-run", "--yes"]) {
    const { code, err } = await image.kloros("upgrade", two, flag);
    expect([code, err.includes("--replace"), err.includes(path)]).toEqual([1, false, true]);
  }
  rmSync(at(path));
  expect(await image.kloros("upgrade", two, "--yes")).toMatchObject({ code: 0 });
});

test.skipIf(Bun.which("systemctl") === null)(
  "an image is left without links to units that are gone",
  async () => {
    const unit = {
      path: UNIT,
      text: "# Generated from cli/\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
      mode: 0o644,
    };
    const enabled = ["kloros-chemical-bus.service"];
    one = writeSampleRelease(one, sampleDescription("1.0.0", { units: [unit], enabled }));
    await install();
    const wanted = "/etc/systemd/system/multi-user.target.wants/kloros-chemical-bus.service";
    expect(readlinkSync(at(wanted))).toBe(UNIT);
    await image.kloros("uninstall", "--yes");
    expect(lstatSync(at(wanted), { throwIfNoEntry: false })).toBeUndefined();
  },
);
