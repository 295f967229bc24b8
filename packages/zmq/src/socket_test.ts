import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ZmqError } from "./errors.ts";
import { pollSockets } from "./poll_sockets.ts";
import { openSocket } from "./socket.ts";
import { type IpcDirectory, makeIpcDirectory } from "./testing.ts";
import type { ReceivedMessage, SocketOptions, SocketType, ZmqSocket } from "./types.ts";

let directory: IpcDirectory;
let opened: ZmqSocket[];
beforeEach(() => {
  directory = makeIpcDirectory();
  opened = [];
});
afterEach(() => {
  for (const socket of opened) socket.close();
  directory.remove();
});

function open(type: SocketType, options: SocketOptions = {}): ZmqSocket {
  const socket = openSocket(type, options);
  opened.push(socket);
  return socket;
}

function next(socket: ZmqSocket): ReceivedMessage {
  if (pollSockets([socket], 15_000).length === 0) throw new Error("nothing arrived within 15 s");
  const message = socket.receive({ properties: true });
  if (message === undefined) throw new Error("ready, but nothing to receive");
  return message;
}

function texts(message: ReceivedMessage): readonly string[] {
  return message.frames.map((frame) => new TextDecoder().decode(frame));
}

function errorOf(action: () => unknown): ZmqError {
  try {
    action();
  } catch (error) {
    if (error instanceof ZmqError) return error;
    throw error;
  }
  throw new Error("it did not throw");
}

for (const [transport, endpointOf] of [
  ["ipc", () => directory.endpoint("bus")],
  ["tcp", () => "tcp://127.0.0.1:*"],
] as const) {
  test(`ROUTER and DEALER talk over ${transport}, frames of text and bytes, empty ones too`, () => {
    const router = open("router");
    const dealer = open("dealer");
    dealer.connect(router.bind(endpointOf()));
    expect(dealer.send(["grüße", new Uint8Array([0, 255]), "", new Uint8Array(0)])).toBe("sent");
    const [route = new Uint8Array(), ...rest] = next(router).frames;
    expect(rest).toEqual([
      new TextEncoder().encode("grüße"),
      new Uint8Array([0, 255]),
      new Uint8Array(0),
      new Uint8Array(0),
    ]);
    expect(router.send([route, "answer"])).toBe("sent");
    expect(texts(next(dealer))).toEqual(["answer"]);
    expect(dealer.receive()).toBeUndefined();
  });
}

test("bind() gives back the real port", () => {
  expect(open("router").bind("tcp://127.0.0.1:*")).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/);
});

test("frames longer than the scratch buffer, and ones that libzmq holds elsewhere, arrive whole", () => {
  const [pull, push] = [open("pair"), open("pair")];
  push.connect(pull.bind(directory.endpoint("pair")));
  for (const length of [1, 29, 33, 34, 255, 256, 21_845, 21_846, 65_536, 262_144]) {
    const text = "€".repeat(length);
    push.send([text]);
    expect(texts(next(pull))).toEqual([text]);
  }
});

test("received frames stay as they are when more is received", () => {
  const [left, right] = [open("pair"), open("pair")];
  right.connect(left.bind(directory.endpoint("pair")));
  right.send(["first", "x".repeat(1000)]);
  const kept = next(left);
  for (let index = 0; index < 50; index++) {
    right.send([`other ${index}`, "y".repeat(1000)]);
    next(left);
  }
  expect(texts(kept)).toEqual(["first", "x".repeat(1000)]);
});

test("send() says full at the high-water mark, and nothing of the refused message arrives", () => {
  const sender = open("dealer", { sendHighWaterMark: 3 });
  const receiver = open("dealer", { receiveHighWaterMark: 3 });
  sender.connect(directory.endpoint("later"));
  const sent: string[] = [];
  for (let index = 0; index < 10; index++) {
    if (sender.send([`${index}`, "body"]) === "sent") sent.push(`${index}`);
  }
  expect(sent).toEqual(["0", "1", "2"]);
  receiver.bind(directory.endpoint("later"));
  for (const name of sent) expect(texts(next(receiver))).toEqual([name, "body"]);
  expect(pollSockets([receiver], 30)).toEqual([]);
});

test("a ROUTER says unroutable for an unknown peer, and drops it silently when not mandatory", () => {
  const router = open("router");
  router.bind(directory.endpoint("router"));
  expect(router.send(["nobody", "text"])).toBe("unroutable");
  expect(open("router", { routerMandatory: false }).send(["nobody", "text"])).toBe("sent");
});

test("the peer's address on ipc carries its uid and pid, as the kernel says them", () => {
  const router = open("router");
  const dealer = open("dealer");
  dealer.connect(router.bind(directory.endpoint("peer")));
  dealer.send(["who am I"]);
  const [host, uid, , pid] = next(router).peerAddress.split(":");
  expect([host, Number(uid), Number(pid)]).toEqual(["localhost", process.getuid?.() ?? -1, process.pid]);
});

test("properties are empty when not asked for", () => {
  const [left, right] = [open("pair"), open("pair")];
  right.connect(left.bind(directory.endpoint("pair")));
  right.send(["x"]);
  pollSockets([left], 3000);
  expect(left.receive()).toMatchObject({ peerAddress: "", userId: "" });
});

test("SUB gets what it subscribed to, by prefix, and no more after unsubscribing", () => {
  const publisher = open("xpub", { xpubVerbose: true });
  const subscriber = open("sub");
  subscriber.subscribe("Q_A");
  subscriber.connect(publisher.bind("tcp://127.0.0.1:*"));
  expect(next(publisher).frames).toEqual([new TextEncoder().encode("\u0001Q_A")]);
  publisher.send(["Q_B", "no"]);
  publisher.send(["Q_A", "yes"]);
  expect(texts(next(subscriber))).toEqual(["Q_A", "yes"]);
  subscriber.unsubscribe("Q_A");
  expect(next(publisher).frames).toEqual([new TextEncoder().encode("\u0000Q_A")]);
});

test("a DEALER that never reconnects ends its session when the server goes", () => {
  const endpoint = directory.endpoint("session");
  const server = open("router");
  server.bind(endpoint);
  const dealer = open("dealer", { reconnectStop: true });
  dealer.connect(endpoint);
  dealer.send(["one"]);
  next(server);
  const events: string[] = [];
  dealer.monitor(({ event }) => events.push(event));
  server.close();
  while (!events.includes("disconnected") && pollSockets([dealer], 3000).length > 0);
  expect(events).toContain("disconnected");
  const again = open("router");
  again.bind(endpoint);
  expect(pollSockets([again], 250)).toEqual([]);
  expect(dealer.send(["two"])).toBe("full");
});

describe("errors say what was attempted, where, and what to do", () => {
  test("a second bind on a tcp port is EADDRINUSE", () => {
    const endpoint = open("router").bind("tcp://127.0.0.1:*");
    const error = errorOf(() => open("router").bind(endpoint));
    expect(error).toMatchObject({ code: "EADDRINUSE", operation: "bind", endpoint });
    expect(error.message).toContain(`zmq bind ${endpoint}: EADDRINUSE`);
    expect(error.message).toContain("choose another endpoint");
  });

  test("an unknown transport, a malformed endpoint, a long path and a missing directory are told apart", () => {
    const router = open("router");
    expect(errorOf(() => router.bind("carrier://pigeon")).code).toBe("EPROTONOSUPPORT");
    expect(errorOf(() => router.bind("nonsense")).code).toBe("EINVAL");
    expect(errorOf(() => router.bind(`ipc:///tmp/${"x".repeat(120)}`)).code).toBe("ENAMETOOLONG");
    expect(errorOf(() => router.bind(directory.endpoint("no/such/directory"))).code).toBe("ENOENT");
  });

  test("an option's value that libzmq refuses is named", () => {
    const error = errorOf(() => openSocket("dealer", { sendHighWaterMark: -5 }));
    expect(error.message).toContain("set sendHighWaterMark -5: EINVAL");
  });

  test("a closed socket says so, and closing it again does nothing", () => {
    const router = open("router");
    router.close();
    router.close();
    expect(router.closed).toBe(true);
    expect(errorOf(() => router.receive()).code).toBe("ENOTSOCK");
    expect(errorOf(() => router.send(["x"])).message).toContain("router socket is closed");
  });

  test("a message without frames is refused", () => {
    expect(() => open("pair").send([])).toThrow("at least one frame");
  });
});
