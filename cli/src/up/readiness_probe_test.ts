import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probeReadiness, probeTaskRuns, readTaskRuns } from "./readiness_probe.ts";

const METRICS = `# TYPE kloros_task_runs_total counter
kloros_task_runs_total{task="mirror",outcome="ok"} 9
kloros_task_runs_total{task="discover",outcome="failed"} 3
kloros_task_runs_total{task="discover",outcome="ok"} 2
`;

const directory = mkdtempSync(join(tmpdir(), "kloros-probe-"));
const socket = join(directory, "x.sock");
let reasons: Readonly<Record<string, string>> = {};
const server = Bun.serve({
  unix: socket,
  fetch: (request) => {
    if (new URL(request.url).pathname === "/metrics") return new Response(METRICS);
    const ok = Object.keys(reasons).length === 0;
    return Response.json({ ok, reasons }, { status: ok ? 200 : 503 });
  },
});
afterAll(async () => {
  await server.stop(true);
  rmSync(directory, { recursive: true, force: true });
});

test("probeReadiness() tells ready, not ready with why, and silence apart", async () => {
  expect(await probeReadiness(socket)).toEqual({ kind: "ready" });
  reasons = { bus: "away" };
  expect(await probeReadiness(socket)).toEqual({ kind: "not_ready", reasons: { bus: "away" } });
  expect(await probeReadiness(join(directory, "nobody.sock"))).toEqual({ kind: "silent" });
});

test("probeTaskRuns() counts the ends of one task that went well", async () => {
  expect(await probeTaskRuns(socket, "discover")).toBe(2);
  expect(await probeTaskRuns(join(directory, "nobody.sock"), "discover")).toBeUndefined();
  expect(readTaskRuns(METRICS, "unknown")).toBe(0);
});
