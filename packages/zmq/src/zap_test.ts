import { afterEach, beforeEach, expect, test } from "bun:test";
import { curveKeypair } from "./curve.ts";
import { pollSockets } from "./poll_sockets.ts";
import { openReadiness } from "./readiness.ts";
import { openSocket } from "./socket.ts";
import { until } from "./testing.ts";
import type { Readiness, ReceivedMessage, ZmqSocket } from "./types.ts";
import { startZap, type Zap, type ZapDecision } from "./zap.ts";

const server = curveKeypair();
const friend = curveKeypair();
const stranger = curveKeypair();

let readiness: Readiness;
let opened: ZmqSocket[];
let zap: Zap | undefined;
beforeEach(() => {
  readiness = openReadiness();
  opened = [];
});
afterEach(async () => {
  zap?.close();
  zap = undefined;
  for (const socket of opened) socket.close();
  await readiness.close();
});

function serve(): { readonly endpoint: string; readonly got: ReceivedMessage[]; readonly events: string[] } {
  const router = openSocket("router", { curve: { role: "server", secretKey: server.secretKey } });
  opened.push(router);
  const got: ReceivedMessage[] = [];
  const events: string[] = [];
  router.monitor(({ event }) => events.push(event));
  readiness.watch(router, () => {
    for (let message = router.receive({ properties: true }); message !== undefined;) {
      got.push(message);
      message = router.receive({ properties: true });
    }
  });
  return { endpoint: router.bind("tcp://127.0.0.1:*"), got, events };
}

function call(endpoint: string, keys: typeof friend): void {
  const dealer = openSocket("dealer", { curve: { role: "client", ...keys, serverKey: server.publicKey } });
  opened.push(dealer);
  dealer.connect(endpoint);
  dealer.send(["let me in"]);
}

test("an allowed key comes in, and its messages carry its user id", async () => {
  zap = startZap({ allow: new Map([[friend.publicKey, "winner-deployer"]]), readiness });
  const { endpoint, got } = serve();
  call(endpoint, friend);
  const message = await until(() => got[0], { what: "the friend's message" });
  expect(message.userId).toBe("winner-deployer");
});

test("an unknown key stays out, and the decision says whose it was", async () => {
  const decisions: ZapDecision[] = [];
  zap = startZap({
    allow: new Map([[friend.publicKey, "friend"]]),
    readiness,
    onDecision: (decision) => decisions.push(decision),
  });
  const { endpoint, got, events } = serve();
  call(endpoint, stranger);
  await until(() => events.includes("handshakeFailed"), { what: "the failed handshake" });
  expect(decisions[0]).toEqual({
    publicKey: stranger.publicKey,
    address: "127.0.0.1",
    userId: undefined,
  });
  expect(got).toEqual([]);
});

test("without a ZAP handler nobody comes in", async () => {
  const { endpoint, got, events } = serve();
  call(endpoint, friend);
  await until(() => events.includes("handshakeFailed"), { what: "the failed handshake" });
  expect(got).toEqual([]);
});

test("a client without CURVE stays out", async () => {
  zap = startZap({ allow: new Map([[friend.publicKey, "friend"]]), readiness });
  const { endpoint, got, events } = serve();
  const dealer = openSocket("dealer");
  opened.push(dealer);
  dealer.connect(endpoint);
  dealer.send(["plain"]);
  await until(() => events.includes("handshakeFailed"), { what: "the failed handshake" });
  expect(got).toEqual([]);
});

test("a main loop that polls answers by drain()", () => {
  zap = startZap({ allow: new Map([[friend.publicKey, "friend"]]) });
  const router = openSocket("router", { curve: { role: "server", secretKey: server.secretKey } });
  opened.push(router);
  call(router.bind("tcp://127.0.0.1:*"), friend);
  for (;;) {
    const ready = pollSockets([zap.socket, router], 3000);
    expect(ready).not.toEqual([]);
    if (ready.includes(zap.socket)) zap.drain();
    if (ready.includes(router)) break;
  }
  expect(router.receive({ properties: true })?.userId).toBe("friend");
});

test("a second handler in one process is refused", () => {
  zap = startZap({ allow: new Map() });
  expect(() => startZap({ allow: new Map() })).toThrow("EADDRINUSE");
});
