import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileLook } from "./file_look.ts";
import { openIntentDirectory } from "./intent_directory.ts";
import type { IntentDirectory } from "./intent_directory.ts";

let root: string;
let directory: IntentDirectory;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "intents-"));
  directory = openIntentDirectory(root, { sizeBytesMax: 1000 });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(name: string, text: string): void {
  writeFileSync(join(root, name), text);
}

function look(path: string): FileLook {
  const looked = directory.look(path);
  if (looked.kind !== "file") throw new Error(`${path}: ${looked.kind}`);
  return looked;
}

describe("list()", () => {
  test("names .json files, and what waits claimed; not .tmp, not hidden ones", () => {
    for (const name of ["a.json", "b.tmp", ".c.json", "d.json.tmp", "e.JSON"]) put(name, "{}");
    mkdirSync(join(root, ".claimed"));
    put(".claimed/a.json", "{}");
    expect(directory.list()).toEqual([".claimed/a.json", "a.json"]);
  });

  test("throws when there is no directory", () => {
    rmSync(root, { recursive: true });
    expect(() => directory.list()).toThrow("ENOENT");
  });
});

describe("look()", () => {
  test("takes no directory, no link and no vanished file for an intent", () => {
    mkdirSync(join(root, "dir.json"));
    put("target", "{}");
    symlinkSync(join(root, "target"), join(root, "link.json"));
    expect(directory.look("dir.json")).toEqual({ kind: "other" });
    expect(directory.look("gone.json")).toEqual({ kind: "gone" });
    expect(directory.look("link.json")).toMatchObject({ kind: "denied" });
  });

  test("does not wait for the writer of a named pipe", () => {
    expect(Bun.spawnSync(["mkfifo", join(root, "pipe.json")]).exitCode).toBe(0);
    expect(directory.look("pipe.json")).toEqual({ kind: "other" });
  });

  test("reads no more than the limit, and says how large the file is", () => {
    put("large.json", "x".repeat(5000));
    expect(look("large.json")).toMatchObject({ sizeBytes: 5000 });
    expect(look("large.json").bytes.length).toBe(1000);
  });
});

describe("remove()", () => {
  test("removes the file that was looked at", () => {
    put("a.json", "{}");
    expect(directory.remove("a.json", look("a.json")).kind).toBe("taken");
    expect(directory.list()).toEqual([]);
  });

  test("keeps a file that was renamed into place since, even with the same content", () => {
    put("a.json", '{"n":1}');
    const before = look("a.json");
    put("new.tmp", '{"n":1}');
    renameSync(join(root, "new.tmp"), join(root, "a.json"));
    expect(directory.remove("a.json", before)).toEqual({ kind: "replaced", waiting: ".claimed/a.json" });
    expect(readFileSync(join(root, ".claimed/a.json"), "utf8")).toBe('{"n":1}');
    expect(directory.list()).toEqual([".claimed/a.json"]);
  });

  test("keeps a file that was rewritten in place since, even within one tick of the clock", () => {
    put("a.json", '{"n":1}');
    const before = look("a.json");
    put("a.json", '{"n":2}');
    expect(directory.remove("a.json", before).kind).toBe("replaced");
  });

  test("knows the line feed that a slow writer adds for the end of the same intent", () => {
    put("a.json", '{"n":1}');
    const before = look("a.json");
    appendFileSync(join(root, "a.json"), "\n");
    expect(directory.remove("a.json", before).kind).toBe("taken");
  });

  test("does not claim over a file that waits claimed", () => {
    put("a.json", "old");
    const before = look("a.json");
    put("b.tmp", "new");
    renameSync(join(root, "b.tmp"), join(root, "a.json"));
    directory.remove("a.json", before);
    put("a.json", "newest");
    expect(directory.remove("a.json", look("a.json"))).toMatchObject({ kind: "stuck", at: "a.json" });
    expect(readFileSync(join(root, ".claimed/a.json"), "utf8")).toBe("new");
    expect(directory.remove(".claimed/a.json", look(".claimed/a.json")).kind).toBe("taken");
    expect(directory.remove("a.json", look("a.json")).kind).toBe("taken");
    expect(readdirSync(join(root, ".claimed"))).toEqual([]);
  });

  test("says that a file that vanished is gone", () => {
    put("a.json", "{}");
    const before = look("a.json");
    rmSync(join(root, "a.json"));
    expect(directory.remove("a.json", before)).toEqual({ kind: "gone" });
  });

  test("manages names as long as the file system allows", () => {
    const name = `${"n".repeat(250)}.json`;
    put(name, "{}");
    expect(directory.remove(name, look(name)).kind).toBe("taken");
    expect(existsSync(join(root, name))).toBe(false);
  });

  test("loses no file of another process that renames to one name as soon as it is free", async () => {
    const writer = Bun.spawn([process.execPath, "-e", RENAMER, root]);
    const seen = new Set<string>();
    const take = (): void => {
      for (const path of directory.list()) {
        const looked = directory.look(path);
        if (looked.kind !== "file") continue;
        seen.add(Buffer.from(looked.bytes).toString());
        directory.remove(path, looked);
      }
    };
    while (writer.exitCode === null) {
      take();
      await new Promise((resolve) => setImmediate(resolve));
    }
    take();
    take();
    expect(writer.exitCode).toBe(0);
    expect(seen.size).toBe(200);
  });
});

const RENAMER = `
const fs = require("node:fs");
const root = process.argv.at(-1);
for (let n = 0; n < 200; n += 1) {
  fs.writeFileSync(root + "/w.tmp", "intent" + n);
  const until = Date.now() + 5000;
  while (fs.existsSync(root + "/same.json") && Date.now() < until) {}
  fs.renameSync(root + "/w.tmp", root + "/same.json");
}
`;
