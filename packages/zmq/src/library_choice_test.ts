import { describe, expect, test } from "bun:test";
import { chooseLibrary, libcOf } from "./library_choice.ts";

const FILES = [
  "manifest.json",
  "darwin/arm64/node/libc-115-Release/addon.node",
  "linux/arm64/node/glibc-127-Release/addon.node",
  "linux/arm64/node/musl-127-Release/addon.node",
  "linux/x64/node/115/addon.node",
  "linux/x64/node/glibc-115-Release/addon.node",
  "linux/x64/node/glibc-127-Release/addon.node",
  "linux/x64/node/glibc-147-Release/addon.node",
  "linux/x64/node/musl-127-Release/addon.node",
  "win32/x64/node/msvc-115-Release/addon.node",
];

describe("chooseLibrary()", () => {
  const supported = [
    ["x64", "glibc", "linux/x64/node/glibc-127-Release/addon.node"],
    ["x64", "musl", "linux/x64/node/musl-127-Release/addon.node"],
    ["arm64", "glibc", "linux/arm64/node/glibc-127-Release/addon.node"],
    ["arm64", "musl", "linux/arm64/node/musl-127-Release/addon.node"],
  ] as const;
  for (const [arch, libc, file] of supported) {
    test(`takes ${file} on linux ${arch} ${libc}`, () => {
      expect(chooseLibrary({ platform: "linux", arch, libc }, FILES)).toBe(file);
    });
  }

  const unsupported = [
    { platform: "darwin", arch: "arm64", libc: "glibc" },
    { platform: "win32", arch: "x64", libc: "glibc" },
    { platform: "linux", arch: "riscv64", libc: "glibc" },
  ] as const;
  for (const machine of unsupported) {
    test(`refuses ${machine.platform} ${machine.arch} and lists what exists`, () => {
      expect(() => chooseLibrary(machine, FILES)).toThrow(
        new RegExp(`${machine.platform} ${machine.arch}.*linux/arm64/node/glibc-127-Release`),
      );
    });
  }

  test("says that the package may be missing when there are no files at all", () => {
    expect(() => chooseLibrary({ platform: "linux", arch: "x64", libc: "glibc" }, [])).toThrow(
      /is the zeromq package installed/,
    );
  });
});

describe("libcOf()", () => {
  test("tells musl from glibc by what is mapped", () => {
    expect(libcOf("7f00 r-xp /lib/ld-musl-x86_64.so.1")).toBe("musl");
    expect(libcOf("7f00 r-xp /usr/lib/x86_64-linux-gnu/libc.so.6")).toBe("glibc");
  });
});
