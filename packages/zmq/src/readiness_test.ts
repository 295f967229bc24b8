import { afterEach, beforeEach, expect, test } from "bun:test";
import { pollSockets } from "./poll_sockets.ts";
import { openReadiness } from "./readiness.ts";
import { openSocket } from "./socket.ts";
import { type IpcDirectory, makeIpcDirectory, until } from "./testing.ts";
import type { Readiness, SocketOptions, SocketType, ZmqSocket } from "./types.ts";

let directory: IpcDirectory;
let readiness: Readiness;
let opened: ZmqSocket[];
beforeEach(() => {
  directory = makeIpcDirectory();
  readiness = openReadiness();
  opened = [];
});
afterEach(async () => {
  await readiness.close();
  for (const socket of opened) socket.close();
  directory.remove();
});

function open(type: SocketType, options: SocketOptions = {}): ZmqSocket {
  const socket = openSocket(type, options);
  opened.push(socket);
  return socket;
}

function connectedPair(name: string): readonly [ZmqSocket, ZmqSocket] {
  const [left, right] = [open("pair"), open("pair")];
  right.connect(left.bind(directory.endpoint(name)));
  // The side that binds has nowhere to send to before the connection stands.
  right.send(["hello"]);
  pollSockets([left], 3000);
  left.receive();
  return [left, right];
}

/** Watches and collects the first frame of each message as text. */
function collect(socket: ZmqSocket): { readonly texts: string[]; readonly unwatch: () => void } {
  const texts: string[] = [];
  const unwatch = readiness.watch(socket, () => {
    for (let message = socket.receive(); message !== undefined; message = socket.receive()) {
      texts.push(new TextDecoder().decode(message.frames[0]));
    }
  });
  return { texts, unwatch };
}

test("what waits already is drained after watch()", async () => {
  const [left, right] = connectedPair("early");
  right.send(["early"]);
  const other = collect(right);
  left.send(["now"]);
  await until(() => other.texts.length === 1, { what: "the first socket's message" });
  const { texts } = collect(left);
  await until(() => texts.length === 1, { what: "the message of before" });
});

test("ping and pong a thousand times: no edge is lost to the sends in between", async () => {
  const [left, right] = connectedPair("rally");
  let count = 0;
  for (const [socket, other] of [
    [left, right],
    [right, left],
  ] as const) {
    readiness.watch(socket, () => {
      while (socket.receive() !== undefined) {
        count += 1;
        // Both directions at once: each send may swallow the edge of what arrives at the same moment.
        if (count < 2000) socket.send(["ball"]);
        if (count === 500) other.send(["another ball"]);
      }
    });
  }
  left.send(["ball"]);
  await until(() => count >= 2000, { what: "the rally's end" });
});

test("sends from outside a drain swallow no input", async () => {
  const [left, right] = connectedPair("crossing");
  const [atLeft, atRight] = [collect(left), collect(right)];
  for (let index = 0; index < 500; index++) {
    expect(left.send([`${index}`])).toBe("sent");
    expect(right.send([`${index}`])).toBe("sent");
    if (index % 7 === 0) await Bun.sleep(0);
  }
  await until(() => atLeft.texts.length === 500 && atRight.texts.length === 500, { what: "all of both" });
  expect(atLeft.texts).toEqual(atRight.texts);
});

test("a drain that leaves something is called again", async () => {
  const [left, right] = connectedPair("lazy");
  let count = 0;
  readiness.watch(left, () => {
    if (left.receive() !== undefined) count += 1;
  });
  for (let index = 0; index < 20; index++) right.send(["x"]);
  await until(() => count === 20, { what: "twenty drains" });
});

test("sockets come and go while others are watched", async () => {
  const [left, right] = connectedPair("stays");
  const stays = collect(left);
  for (let round = 0; round < 20; round++) {
    const [a, b] = connectedPair(`round${round}`);
    const guest = collect(a);
    b.send(["guest"]);
    await until(() => guest.texts.length === 1, { what: `guest ${round}` });
    if (round % 2 === 0) guest.unwatch();
    else a.close();
    right.send(["host"]);
    await until(() => stays.texts.length === round + 1, { what: `host ${round}` });
  }
});

test("after unwatch() nothing is drained, and watching again finds what came meanwhile", async () => {
  const [left, right] = connectedPair("pause");
  const first = collect(left);
  right.send(["one"]);
  await until(() => first.texts.length === 1, { what: "the first message" });
  first.unwatch();
  first.unwatch();
  right.send(["two"]);
  await Bun.sleep(30);
  expect(first.texts).toEqual(["one"]);
  const second = collect(left);
  await until(() => second.texts[0] === "two", { what: "the second message" });
});

for (const type of ["dealer", "router"] as const) {
  test(`drain is called again when a full ${type} has room`, async () => {
    const endpoint = directory.endpoint("full");
    const sender = open(type, { sendHighWaterMark: 2 });
    const receiver = open("dealer", {
      receiveHighWaterMark: 2,
      routingId: new TextEncoder().encode("receiver"),
    });
    receiver.connect(sender.bind(endpoint));
    const body = "x".repeat(100_000);
    const total = 200;
    let sent = 0;
    let fulls = 0;
    const pump = (): void => {
      while (sent < total) {
        const result = sender.send(type === "router" ? ["receiver", body] : [body]);
        if (result === "full") fulls += 1;
        if (result !== "sent") return;
        sent += 1;
      }
    };
    await until(() => (pump(), sent > 0), { what: "the connection" });
    readiness.watch(sender, pump);
    await until(() => fulls > 0, { what: "a full sender" });
    const { texts } = collect(receiver);
    await until(() => texts.length === total, { what: "everything" });
  });
}

test("watching twice, a closed socket, or after close() is refused", async () => {
  const socket = open("pair");
  readiness.watch(socket, () => undefined);
  expect(() => readiness.watch(socket, () => undefined)).toThrow("watched already");
  const closed = open("pair");
  closed.close();
  expect(() => readiness.watch(closed, () => undefined)).toThrow("closed");
  await readiness.close();
  await readiness.close();
  expect(() => readiness.watch(open("pair"), () => undefined)).toThrow("this readiness is closed");
});
