import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHome } from "./home.ts";
import {
  announceInstallation,
  healthSocketPath,
  prepareInstallation,
  resolveInstallation,
} from "./installation.ts";
import { locateInstallation } from "./locate.ts";
import { ensurePrivateDir } from "./private_dir.ts";

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "kloros-inst-"));
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

describe("resolveInstallation()", () => {
  test("a home of our own holds everything, its source tree included", () => {
    const home = join(base, ".kloros");
    createHome(home, { version: "1.0.0", nowMs: 0 });
    const { paths, inspection } = resolveInstallation({ home, env: {} });
    expect(inspection.kind).toBe("own");
    expect(paths).toMatchObject({
      source: join(home, "src"),
      registry: join(home, "src/registry/capabilities.yaml"),
      state: join(home, "state"),
      journal: join(home, "state/journal.db"),
      busEndpoint: `ipc://${join(home, "run/bus.sock")}`,
      dreamArtifacts: join(home, "artifacts/dream"),
      environmentFile: join(home, ".kloros_env"),
    });
    for (const path of Object.values<string>({ ...paths }))
      expect(path.replace("ipc://", "").startsWith("/")).toBe(true);
  });

  test("an existing installation has its source, artifacts and environment file beside the home", () => {
    const home = join(base, ".kloros");
    mkdirSync(join(home, "intents"), { recursive: true });
    const { paths } = resolveInstallation({ home, env: {} });
    expect(paths.source).toBe(join(base, "src"));
    expect(paths.dreamArtifacts).toBe(join(base, "artifacts/dream"));
    expect(paths.environmentFile).toBe(join(base, ".kloros_env"));
    expect(paths.intents).toBe(join(home, "intents"));
  });

  test("systemd's directories are used, and what the bus wrote down brings everybody else there", () => {
    const home = join(base, "h");
    createHome(home, { version: "1.0.0", nowMs: 0 });
    const env = { STATE_DIRECTORY: join(base, "var"), RUNTIME_DIRECTORY: join(base, "run") };
    const { paths } = resolveInstallation({ home, env });
    prepareInstallation(paths);
    announceInstallation(paths);
    expect(resolveInstallation({ home, env: {} }).paths).toEqual(paths);
    expect(resolveInstallation({ home, env: { XDG_RUNTIME_DIR: base } }).paths).toEqual(paths);
    expect(locateInstallation({ home, env: {}, cwd: base, systemFile: "/nonexistent" }).paths).toEqual(paths);
  });

  test("a home too deep for sockets gets a short directory, and sockets work there", async () => {
    const home = join(base, "deep".repeat(25));
    createHome(home, { version: "1.0.0", nowMs: 0 });
    const { paths, runtimeChoice } = resolveInstallation({ home, env: {} });
    expect(runtimeChoice.tooLong).toBe(join(home, "run"));
    prepareInstallation(paths);
    const server = Bun.serve({
      unix: healthSocketPath(paths, "capability-integrator"),
      fetch: () => new Response("x"),
    });
    await server.stop(true);
    rmSync(paths.runtime, { recursive: true });
  });
});

describe("ensurePrivateDir()", () => {
  const uid = process.getuid?.() ?? 0;

  test("creates it closed, and closes one that is open", () => {
    mkdirSync(join(base, "open"), { mode: 0o755 });
    for (const name of ["new/deep", "open"]) {
      ensurePrivateDir(join(base, name), uid);
      expect(statSync(join(base, name)).mode & 0o777).toBe(0o700);
    }
  });

  test("refuses a link, a file and what belongs to another user", () => {
    symlinkSync(base, join(base, "link"));
    writeFileSync(join(base, "file"), "");
    mkdirSync(join(base, "theirs"));
    expect(() => ensurePrivateDir(join(base, "link"), uid)).toThrow("not a directory");
    expect(() => ensurePrivateDir(join(base, "file"), uid)).toThrow("cannot create the directory");
    expect(() => ensurePrivateDir(join(base, "theirs"), uid + 1)).toThrow("belongs to uid");
  });
});
