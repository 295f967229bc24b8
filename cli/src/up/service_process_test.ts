import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RotatingLog } from "@kloros/daemon";
import { ServiceProcess, type ServiceEvent } from "./service_process.ts";

let directory: string;
let events: ServiceEvent[];
let started: ServiceProcess[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-service-"));
  events = [];
  started = [];
});
afterEach(async () => {
  for (const one of started) one.kill();
  await Promise.all(started.map((one) => one.stop(0)));
  rmSync(directory, { recursive: true, force: true });
});

/** Answers on its socket like a service, then does what the test says. */
function serviceThat(does: string): ServiceProcess {
  const socketPath = join(directory, "x.sock");
  const program = `
    require("node:fs").rmSync(${JSON.stringify(socketPath)}, { force: true });
    Bun.serve({ unix: ${JSON.stringify(socketPath)}, fetch: () => Response.json({ ok: true, reasons: {} }) });
    console.log(JSON.stringify({ level: "info", msg: "hello" }));
    ${does}
  `;
  const one = new ServiceProcess({
    service: { name: "x", role: "worker" },
    command: [process.execPath, "-e", program],
    env: process.env,
    socketPath,
    log: new RotatingLog(join(directory, "x.log")),
    onEvent: (event) => events.push(event),
    onLine: () => undefined,
    onRecord: () => undefined,
  });
  started.push(one);
  one.start();
  return one;
}

async function until<Kind extends ServiceEvent["kind"]>(
  kind: Kind,
  count = 1,
): Promise<Extract<ServiceEvent, { kind: Kind }>> {
  const endMs = performance.now() + 15_000;
  while (performance.now() < endMs) {
    const found = events.filter(
      (event): event is Extract<ServiceEvent, { kind: Kind }> => event.kind === kind,
    );
    const last = found[count - 1];
    if (last !== undefined) return last;
    await Bun.sleep(10);
  }
  throw new Error(`no ${count}. ${kind} in ${JSON.stringify(events)}`);
}

describe("ServiceProcess", () => {
  test("tells when it is ready, and stops in order", async () => {
    const one = serviceThat("process.on('SIGTERM', () => process.exit(0))");
    await until("ready");
    expect(one.state).toBe("ready");
    await one.stop(5000);
    expect(one.pid).toBeUndefined();
    expect(one.state).toBe("stopped");
    expect(events.map(({ kind }) => kind)).toEqual(["started", "ready"]);
    expect(readFileSync(join(directory, "x.log"), "utf8")).toBe('{"level":"info","msg":"hello"}\n');
  });

  test("starts again what is killed, with another pid", async () => {
    const one = serviceThat("");
    const first = await until("ready");
    process.kill(first.pid, "SIGKILL");
    expect(await until("died")).toEqual({ kind: "died", how: "signal SIGKILL", delayMs: 200 });
    const second = await until("ready", 2);
    expect(second.pid).not.toBe(first.pid);
    expect(one.restarts).toBe(1);
  });

  test("kills what does not end within the grace, and leaves nothing", async () => {
    const one = serviceThat("process.on('SIGTERM', () => undefined)");
    const { pid } = await until("ready");
    await one.stop(100);
    expect(events.at(-1)).toEqual({ kind: "killed", pid });
    expect(() => process.kill(pid, 0)).toThrow();
  });

  test("gives up on a configuration error and repeats what it said", async () => {
    const one = serviceThat("console.error('interval: not a number'); process.exit(78)");
    expect(await until("gave_up")).toEqual({
      kind: "gave_up",
      how: "exit code 78",
      said: ["interval: not a number"],
    });
    expect(one.state).toBe("gave_up");
    expect(readFileSync(join(directory, "x.log"), "utf8")).toContain('"stream":"stderr"');
  });

  test("a stop while it waits to be started again starts nothing", async () => {
    const one = serviceThat("process.exit(1)");
    await until("died");
    await one.stop(1000);
    await Bun.sleep(300);
    expect(events.filter(({ kind }) => kind === "started").length).toBe(1);
    expect(one.state).toBe("stopped");
  });
});
