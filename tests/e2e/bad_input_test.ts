/**
 * What goes wrong around the processes: second instances, sockets that vanish, ports, rights and room that are not there. Each is
 * told apart in what is said, and once it is mended the flow goes on and nothing is missing.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { exitCode } from "@kloros/daemon";
import { checkFlow } from "./flow/check_flow.ts";
import { DaemonProcess } from "./house/daemon_process.ts";
import { FLOW_CONFIG, FlowHarness } from "./flow/flow_harness.ts";
import { readLeftBehind } from "./flow/left_behind.ts";
import { fill, type Mount, mountReadOnly, mountSmall, whyNoMounts } from "./flow/mounts.ts";

/** Above that of the house's own waits, which tell what each process said last. */
const LIMIT_MS = 300_000;

const noMounts = whyNoMounts();
if (noMounts !== undefined) console.warn(`full and read-only disks are not tested: it ${noMounts}`);

let flow: FlowHarness | undefined;
const mounts: Mount[] = [];
const directories: string[] = [];
afterEach(async () => {
  await flow?.end();
  for (const mount of mounts.splice(0).toReversed()) mount.unmount();
  await flow?.remove();
  for (const path of directories.splice(0)) rmSync(path, { recursive: true });
  flow = undefined;
});

/** Waits for rest, ends all in order, and looks for what is missing or doubled. */
async function comesOutRight(flow: FlowHarness): Promise<void> {
  await flow.settle();
  await flow.stop();
  expect(checkFlow(readLeftBehind(flow.paths), flow)).toEqual([]);
}

/** Waits until the bus names a reason not to be ready, under this name. */
async function reasonOf(flow: FlowHarness, name: string): Promise<string> {
  let said: string | undefined;
  const isSaid = async (): Promise<boolean> => {
    said = (await flow.daemon("chemical-bus").readiness())?.reasons[name];
    return said !== undefined;
  };
  await flow.until(`the bus to say why, as ${name}`, isSaid);
  return said ?? "";
}

function another(flow: FlowHarness, service: string, runtime = flow.paths.runtime): DaemonProcess {
  return new DaemonProcess({ service, paths: { ...flow.paths, runtime } });
}

describe("a second instance", () => {
  test(
    "of a service or of the bus ends with its own exit code and names the first one's pid",
    async () => {
      flow = new FlowHarness({ modules: 2, seed: 1 });
      flow.start(["chemical-bus", "capability-integrator"]);
      await flow.ready(["chemical-bus", "capability-integrator"]);
      for (const name of ["chemical-bus", "capability-integrator"] as const) {
        const second = another(flow, name);
        second.start();
        expect(await second.exited()).toBe(exitCode("held"));
        expect(second.lastWords()).toContain(`${name} (pid ${String(flow.daemon(name).pid)})`);
      }
      flow.start();
      await comesOutRight(flow);
    },
    LIMIT_MS,
  );

  test(
    "of the bus with another runtime directory is kept out by the journal's lock",
    async () => {
      flow = new FlowHarness({ modules: 2, seed: 1 });
      flow.start(["chemical-bus"]);
      await flow.ready(["chemical-bus"]);
      const second = another(flow, "chemical-bus", join(flow.paths.home, "second"));
      second.start();
      expect(await second.exited()).not.toBe(0);
      expect(second.lastWords()).toContain("journal.lock");
      expect(second.lastWords()).toContain(`(pid ${String(flow.daemon("chemical-bus").pid)})`);
      flow.start();
      await comesOutRight(flow);
    },
    LIMIT_MS,
  );
});

describe("the bus's socket", () => {
  test.each([["deleted"], ["stolen"]])(
    "%s while it runs is made again, and clients find it",
    async (how) => {
      flow = new FlowHarness({ modules: 4, seed: 1 });
      flow.start();
      await flow.ready();
      const path = flow.paths.busEndpoint.slice("ipc://".length);
      rmSync(path);
      const thief =
        how === "stolen" ? Bun.listen({ unix: path, socket: { data: () => undefined } }) : undefined;
      const stolen = statSync(path, { throwIfNoEntry: false })?.ino;
      // New ones have to find the bus by its path.
      await flow.daemon("capability-integrator").kill();
      await flow.daemon("curiosity-core").kill();
      flow.start();
      flow.tree.add("after_the_socket");
      const bus = flow.daemon("chemical-bus");
      await flow.until("the bus to say so", () =>
        bus.lines.some((line) => JSON.stringify(line).includes(how)),
      );
      expect(statSync(path).ino).not.toBe(stolen ?? -1);
      await comesOutRight(flow);
      thief?.stop(true);
    },
    LIMIT_MS,
  );
});

describe("a busy port of the live feed", () => {
  test(
    "is a health reason that names it, holds nobody up, and ends when the port is free",
    async () => {
      const occupant = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
      const endpoint = `tcp://127.0.0.1:${String(occupant.port)}`;
      const config = FLOW_CONFIG.replace("liveEndpoints = []", `liveEndpoints = ["${endpoint}"]`);
      flow = new FlowHarness({ modules: 4, seed: 1, config });
      flow.start();
      const bus = flow.daemon("chemical-bus");
      const said = await reasonOf(flow, "endpoints");
      expect(said).toContain(endpoint);
      expect(said).toContain("in use");
      await flow.settle();
      occupant.stop(true);
      await bus.ready();
      expect((await bus.readiness())?.reasons["endpoints"]).toBeUndefined();
      flow.tree.add("after_the_port");
      await comesOutRight(flow);
    },
    LIMIT_MS,
  );
});

describe.skipIf(noMounts !== undefined)("a directory that cannot be written", () => {
  test(
    "ends a start with a text that names it, and a start after the fix goes on",
    async () => {
      flow = new FlowHarness({ modules: 3, seed: 1 });
      flow.start();
      await flow.settle();
      await flow.stop();
      const mount = mountReadOnly(flow.paths.home);
      mounts.push(mount);
      for (const name of ["chemical-bus", "capability-integrator"] as const) {
        const daemon = flow.daemon(name);
        daemon.start();
        expect(await daemon.exited()).toBe(exitCode("paths"));
        expect(daemon.lastWords()).toContain(flow.paths.home);
        expect(daemon.lastWords()).toMatch(/read-only|EROFS/);
      }
      mount.unmount();
      flow.tree.add("after_the_fix");
      flow.start();
      await comesOutRight(flow);
    },
    LIMIT_MS,
  );

  test(
    "in the middle of the flow makes the integrator try again, and nothing is lost",
    async () => {
      flow = new FlowHarness({ modules: 3, seed: 1 });
      flow.start();
      await flow.settle();
      const mount = mountReadOnly(dirname(flow.paths.registry));
      mounts.push(mount);
      flow.tree.add("into_read_only");
      flow.tree.add("into_read_only_bare", { bare: true });
      const integrator = flow.daemon("capability-integrator");
      await flow.until("the integrator to say why", () => /EROFS|read-only/.test(integrator.lastWords(30)));
      await flow.until(
        "the integrator to say that it is not ready",
        async () => (await integrator.readiness())?.ok === false,
      );
      mount.unmount();
      await comesOutRight(flow);
    },
    LIMIT_MS,
  );
});

/** Limits that suit a disk of a few MiB. */
const SMALL_DISK = FLOW_CONFIG.replace(
  "[chemical-bus]",
  `[chemical-bus]\ndiskReserveBytes = ${String(1024 ** 2)}\ndiskFreeBytesMin = ${String(2 * 1024 ** 2)}`,
);

describe.skipIf(noMounts !== undefined)("a full disk", () => {
  test(
    "under the journal makes publishers wait, and everything arrives once there is room",
    async () => {
      flow = new FlowHarness({ modules: 3, seed: 1, config: SMALL_DISK });
      mounts.push(mountSmall(flow.paths.state, "24m"));
      flow.start();
      await flow.settle();
      const makeRoom = fill(flow.paths.state);
      for (let n = 0; n < 12; n++) flow.tree.add(`full_${String(n)}`, { bare: n % 3 === 0 });
      const bus = flow.daemon("chemical-bus");
      expect(await reasonOf(flow, "journal")).toContain("hardly any space left");
      // Who dies now comes back to a bus that cannot write.
      await flow.daemon("capability-integrator").kill();
      flow.start();
      await Bun.sleep(1500);
      expect(bus.running).toBe(true);
      makeRoom();
      await comesOutRight(flow);
    },
    LIMIT_MS,
  );

  test(
    "under the home's logs is waited out",
    async () => {
      const source = mkdtempSync(join(tmpdir(), "kloros-source-"));
      directories.push(source);
      flow = new FlowHarness({ modules: 3, seed: 1, source, config: SMALL_DISK });
      mounts.push(mountSmall(flow.paths.home, "32m"));
      mounts.push(mountSmall(flow.paths.state, "24m"));
      flow.start();
      await flow.settle();
      const makeRoom = fill(flow.paths.home);
      for (let n = 0; n < 6; n++) flow.tree.add(`full_${String(n)}`);
      const investigator = flow.daemon("investigation-consumer");
      await flow.until("the investigator to say why", () =>
        /ENOSPC|no space/i.test(investigator.lastWords(40)),
      );
      makeRoom();
      await comesOutRight(flow);
    },
    LIMIT_MS,
  );
});
