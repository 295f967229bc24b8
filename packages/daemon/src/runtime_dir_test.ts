import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { chooseRuntimeDir, RUNTIME_DIR_BYTES_MAX, readWhere, recordWhere } from "./runtime_dir.ts";

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "kloros-rt-"));
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

describe("chooseRuntimeDir()", () => {
  const home = "/srv/h";
  const recorded = { runtime: "/run/there", state: "/var/there" };
  const env = { RUNTIME_DIRECTORY: "/run/kloros:/run/other" };

  test("takes the flag, then systemd's, then what the bus wrote down, then the home's", () => {
    const all = { home, env, recorded, uid: 7 };
    expect(chooseRuntimeDir({ ...all, explicit: "/x" })).toEqual({ path: "/x", from: "flag" });
    expect(chooseRuntimeDir(all)).toEqual({ path: "/run/kloros", from: "systemd" });
    expect(chooseRuntimeDir({ ...all, env: {} })).toEqual({ path: "/run/there", from: "recorded" });
    expect(chooseRuntimeDir({ home, env: {}, uid: 7 })).toEqual({ path: "/srv/h/run", from: "home" });
  });

  test("a login session's directory is used when it is this user's and is there, apart for each home", () => {
    const xdg = join(base, "7");
    mkdirSync(xdg);
    const one = chooseRuntimeDir({ home, env: { XDG_RUNTIME_DIR: xdg }, uid: 7 });
    const two = chooseRuntimeDir({ home: "/srv/g", env: { XDG_RUNTIME_DIR: xdg }, uid: 7 });
    expect(one.from).toBe("xdg");
    expect(one.path.startsWith(join(xdg, "kloros"))).toBe(true);
    expect(one.path).not.toBe(two.path);
    expect(chooseRuntimeDir({ home, env: { XDG_RUNTIME_DIR: xdg }, uid: 8 }).from).toBe("home");
    expect(chooseRuntimeDir({ home, env: { XDG_RUNTIME_DIR: join(base, "gone", "7") }, uid: 7 }).from).toBe(
      "home",
    );
  });

  test("whatever the home, the path leaves room for a socket's name, and the same home gives the same path", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-zäß]{1,40}$/), { minLength: 1, maxLength: 8 }), (parts) => {
        const long = { home: `/${parts.join("/")}`, env: {}, uid: 7 };
        const choice = chooseRuntimeDir(long);
        expect(Buffer.byteLength(choice.path)).toBeLessThanOrEqual(RUNTIME_DIR_BYTES_MAX);
        expect(chooseRuntimeDir(long)).toEqual(choice);
        expect(choice.tooLong !== undefined).toBe(Buffer.byteLength(long.home) + 4 > RUNTIME_DIR_BYTES_MAX);
      }),
    );
  });
});

describe("recordWhere()", () => {
  test("what is written down is read back; nothing and nonsense are nothing", async () => {
    expect(readWhere(base)).toBeUndefined();
    mkdirSync(join(base, "state"));
    await Bun.write(join(base, "state/where.json"), '{"runtime": 3}');
    expect(readWhere(base)).toBeUndefined();
    recordWhere(base, { runtime: "/a", state: "/b" });
    expect(readWhere(base)).toEqual({ runtime: "/a", state: "/b" });
    recordWhere(base, { runtime: "/a", state: "/b", logs: "/c" });
    expect(readWhere(base)).toEqual({ runtime: "/a", state: "/b", logs: "/c" });
  });
});
