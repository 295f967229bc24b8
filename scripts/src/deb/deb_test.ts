import { describe, expect, test } from "bun:test";
import { controlText, debianArchitecture, debianVersion } from "./deb_control.ts";
import { debFiles } from "./deb_files.ts";
import { debScripts } from "./deb_scripts.ts";

const DESCRIPTION = {
  version: "1.2.0",
  programs: ["chemical-bus"],
  units: [
    { path: "/usr/lib/systemd/system/kloros-chemical-bus.service", text: "[Service]\n", mode: 0o644 },
    { path: "/usr/lib/systemd/system/kloros-x.service", text: "[Service]\n", mode: 0o644 },
    { path: "/usr/lib/systemd/system/kloros.target", text: "[Unit]\n", mode: 0o644 },
  ],
  enabled: ["kloros-x.service"],
  config: "[kloros]\n",
};

describe("the Debian package", () => {
  test("lays its files where Debian has them, and the configuration once, as a conffile", () => {
    const files = debFiles(DESCRIPTION, "# Changes\n");
    expect(files.find(({ path }) => path === "/usr/bin/kloros")).toEqual({
      kind: "link",
      path: "/usr/bin/kloros",
      target: "../lib/kloros/bin/kloros",
    });
    expect(files.filter(({ path }) => !/^\/(usr|etc\/kloros)\//.test(path))).toEqual([]);
    expect(files.find(({ path }) => path === "/etc/kloros/kloros.toml")).toMatchObject({
      text: "[kloros]\n",
    });
  });

  test.each(debScripts(DESCRIPTION).map(({ name, text }) => [name, text] as const))(
    "%s is a shell script that stops at the first error",
    (_name, text) => {
      expect(text).toStartWith("#!/bin/sh\nset -e\n");
      const checked = Bun.spawnSync(["sh", "-n"], { stdin: Buffer.from(text), stderr: "pipe" });
      expect(checked.stderr.toString()).toBe("");
    },
  );

  test("starts again only what runs, the bus before the others, and never at the first installation", () => {
    const postinst = debScripts(DESCRIPTION).find(({ name }) => name === "postinst")?.text ?? "";
    const restarts = postinst.split("\n").filter((line) => line.includes("deb-systemd-invoke"));
    expect(restarts.map((line) => line.trim())).toEqual([
      "deb-systemd-invoke try-restart kloros-chemical-bus.service >/dev/null || true",
      "deb-systemd-invoke try-restart kloros-x.service >/dev/null || true",
    ]);
    expect(postinst.indexOf('if [ -n "$2" ]')).toBeLessThan(postinst.indexOf("try-restart"));
  });

  test("has a version that sorts as Debian sorts, and a processor that Debian knows", () => {
    expect(debianVersion("1.2.0-rc.1")).toBe("1.2.0~rc.1");
    expect(debianArchitecture("x64")).toBe("amd64");
    expect(() => debianArchitecture("mips")).toThrow("mips");
    const text = controlText({ version: "1.2.0", architecture: "amd64", installedBytes: 2049 });
    expect(text).toContain("Version: 1.2.0\nArchitecture: amd64\n");
    expect(text).toContain("Installed-Size: 3\n");
  });
});
