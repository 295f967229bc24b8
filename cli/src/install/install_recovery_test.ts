/** What `install` and `uninstall` leave behind when they are stopped, said twice, or find what nobody expects. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
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
