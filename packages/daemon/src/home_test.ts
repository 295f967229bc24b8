import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHome, inspectHome, readHomeMarker } from "./home.ts";

let base = "";
const options = { version: "1.2.3", nowMs: Date.UTC(2026, 0, 2) };

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "kloros-home-"));
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

describe("inspectHome()", () => {
  test("tells an absent from an empty directory", () => {
    expect(inspectHome(join(base, "x")).kind).toBe("absent");
    expect(inspectHome(base).kind).toBe("empty");
  });

  test.each(["intents/", "curiosity_investigations.jsonl", "dream_lab/"])(
    "a .kloros that holds %s is an existing installation",
    (name) => {
      const home = join(base, ".kloros");
      mkdirSync(home);
      if (name.endsWith("/")) mkdirSync(join(home, name));
      else writeFileSync(join(home, name), "");
      expect(inspectHome(home).kind).toBe("legacy");
    },
  );

  test("the same content under another name is foreign, and so is a .kloros without any evidence", () => {
    mkdirSync(join(base, "intents"));
    expect(inspectHome(base).kind).toBe("foreign");
    const home = join(base, ".kloros");
    mkdirSync(home);
    writeFileSync(join(home, "notes.txt"), "");
    expect(inspectHome(home).kind).toBe("foreign");
  });

  test("a file is refused", () => {
    writeFileSync(join(base, "f"), "");
    expect(() => inspectHome(join(base, "f"))).toThrow("not a directory");
  });
});

describe("createHome()", () => {
  test("makes a home of our own, closed to others, and says who made it when", () => {
    const home = join(base, ".kloros");
    expect(createHome(home, options).kind).toBe("own");
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(readHomeMarker(home)).toEqual({ version: "1.2.3", createdAt: "2026-01-02T00:00:00.000Z" });
  });

  test("changes nothing the second time", () => {
    const home = join(base, ".kloros");
    createHome(home, options);
    writeFileSync(join(home, "kloros.toml"), "");
    expect(createHome(home, { ...options, version: "9.9.9" }).kind).toBe("own");
    expect(readHomeMarker(home)?.version).toBe("1.2.3");
  });

  test("leaves what belongs to somebody else alone", () => {
    writeFileSync(join(base, "diary.txt"), "");
    expect(() => createHome(base, options)).toThrow("not created by this software");
    expect(readdirSync(base)).toEqual(["diary.txt"]);
  });

  test("does not grow a tree under a mistyped path", () => {
    expect(() => createHome(join(base, "no", "such"), options)).toThrow("parent directory does not exist");
  });
});
