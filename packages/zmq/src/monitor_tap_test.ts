import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { decodeMonitorEvent } from "./monitor_tap.ts";
import { pollSockets } from "./poll_sockets.ts";
import { openReadiness } from "./readiness.ts";
import { openSocket } from "./socket.ts";
import { type IpcDirectory, makeIpcDirectory, until } from "./testing.ts";
import type { MonitorEvent } from "./types.ts";

let directory: IpcDirectory;
beforeEach(() => {
  directory = makeIpcDirectory();
});
afterEach(() => directory.remove());

test("decodeMonitorEvent() reads number, value and endpoint", () => {
  const endpoint = new TextEncoder().encode("ipc:///x");
  expect(decodeMonitorEvent(new Uint8Array([0x20, 0, 7, 1, 0, 0]), endpoint)).toEqual({
    event: "accepted",
    value: 263,
    endpoint: "ipc:///x",
  });
  expect(decodeMonitorEvent(new Uint8Array([0x40, 0, 0, 0, 0, 0]), endpoint).event).toBe("other");
});

test("the monitor tells of a peer process that was killed", async () => {
  const readiness = openReadiness();
  const router = openSocket("router");
  const events: MonitorEvent["event"][] = [];
  router.monitor(({ event }) => events.push(event));
  let greeted = false;
  readiness.watch(router, () => {
    while (router.receive() !== undefined) greeted = true;
  });
  const endpoint = router.bind(directory.endpoint("watched"));
  const peer = join(import.meta.dirname, "fixtures/connected_peer.ts");
  const child = Bun.spawn([process.execPath, peer, endpoint], { stdout: "inherit", stderr: "inherit" });
  try {
    await until(() => greeted, { what: "the peer's message" });
    expect(events).toEqual(["listening", "accepted", "handshakeSucceeded"]);
    child.kill("SIGKILL");
    await until(() => events.includes("disconnected"), { what: "the disconnect" });
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    router.close();
    await readiness.close();
  }
});

test("pollSockets() returns a socket for its monitor's events, and has handed them over", () => {
  const router = openSocket("router");
  const dealer = openSocket("dealer");
  const events: string[] = [];
  try {
    const endpoint = router.bind(directory.endpoint("polled"));
    router.monitor(({ event }) => events.push(event));
    dealer.connect(endpoint);
    while (!events.includes("handshakeSucceeded")) expect(pollSockets([router], 3000)).toEqual([router]);
    expect(events).toEqual(["accepted", "handshakeSucceeded"]);
    expect(() => router.monitor(() => undefined)).toThrow("has a monitor already");
  } finally {
    dealer.close();
    router.close();
  }
});

test("a monitored socket can be closed, also by its own listener", () => {
  const router = openSocket("router");
  const dealer = openSocket("dealer");
  router.monitor(({ event }) => event === "accepted" && router.close());
  dealer.connect(router.bind(directory.endpoint("closed")));
  while (!router.closed) pollSockets([router], 3000);
  dealer.close();
});
