/** What only shows in a compiled program, away from node_modules: systemd by FFI, synchronous logs, exit codes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNotifySocket } from "../testing/notify_socket.ts";
import { endSamples, startSample } from "../testing/sample_process.ts";
import { until } from "../testing/until.ts";

const base = mkdtempSync(join(tmpdir(), "kloros-compiled-"));
const program = join(base, "program");

beforeAll(() => {
  const source = join(import.meta.dir, "..", "testing", "sample_service.ts");
  const built = Bun.spawnSync([process.execPath, "build", "--compile", "--outfile", program, source], {
    cwd: join(import.meta.dir, "..", ".."),
    stderr: "pipe",
    stdout: "ignore",
  });
  if (built.exitCode !== 0) throw new Error(built.stderr.toString());
}, 60_000);

afterAll(async () => {
  await endSamples();
  rmSync(base, { recursive: true, force: true });
});

test("a compiled service tells systemd when it is ready and when it stops", async () => {
  const path = join(base, "notify");
  const socket = openNotifySocket(path);
  const sample = startSample(["--home", join(base, "home")], {
    program: [program],
    env: { NOTIFY_SOCKET: path },
  });
  try {
    await until("READY", () => socket.read().includes("READY=1"));
    sample.kill("SIGTERM");
    expect(await sample.exited).toBe(0);
    expect(socket.read()).toContain("STOPPING=1");
    expect(sample.stdout()).toContain('"msg":"stopped"');
  } finally {
    socket.close();
  }
});

test("without a service manager libsystemd is not opened", async () => {
  const sample = startSample(["--home", join(base, "home2")], { program: [program] });
  await until("ready", () => sample.stdout().includes('"msg":"ready"'));
  const maps = await Bun.file(`/proc/${String(sample.pid)}/maps`).text();
  expect(maps).not.toContain("libsystemd");
  sample.kill("SIGTERM");
  expect(await sample.exited).toBe(0);
});
