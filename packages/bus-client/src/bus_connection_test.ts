import { expect, test } from "bun:test";
import type { ZmqSocket } from "@kloros/zmq";
import { BusConnection, LINK_TIMING } from "./bus_connection.ts";
import { encodeMessage } from "./codec.ts";
import type { BusOutgoing } from "./protocol.ts";

const welcome: BusOutgoing = { verb: "WELCOME", fields: { proto: 1, attached: [] } };
const who: BusOutgoing = { verb: "WHO", fields: { text: "?" } };

/** A connection whose bus is the test, and whose time is told. */
function setUp() {
  let now = 0;
  let hear: (message: BusOutgoing, n: number) => void = () => undefined;
  const waits: number[] = [];
  const tasks: (() => void)[] = [];
  const ambient = {
    monotonicMs: () => now,
    random: () => 1,
    after: (delayMs: number, task: () => void) => {
      if (delayMs !== LINK_TIMING.pingMs / 2) {
        waits.push(delayMs);
        tasks.push(task);
      }
      return () => undefined;
    },
  };
  const sockets = {
    open: () => {
      const inbox: Uint8Array[][] = [];
      return {
        inbox,
        monitor: () => undefined,
        connect: () => undefined,
        close: () => undefined,
        send: () => "sent",
        receive: () => {
          const frames = inbox.shift();
          return frames === undefined ? undefined : { frames, peerAddress: "", userId: "" };
        },
      } as unknown as ZmqSocket;
    },
    watch: (socket: ZmqSocket, drain: () => void) => {
      const { inbox } = socket as unknown as { readonly inbox: Uint8Array[][] };
      hear = (message, n) => {
        const frames = encodeMessage(message, { session: "s", n });
        inbox.push(frames.map((frame) => (typeof frame === "string" ? Buffer.from(frame) : frame)));
        drain();
      };
    },
  };
  const hooks = {
    hello: () => ({ protos: [1], service: "s", instance: "i", consumers: [] }),
    welcomed: () => undefined,
    message: () => undefined,
    down: () => undefined,
    denied: () => undefined,
  };
  new BusConnection({ endpoint: "ipc://bus", sockets, ambient, timing: LINK_TIMING }, hooks).start();
  return {
    waits,
    /** A session that lasts so long. */
    session: (ms: number): void => {
      hear(welcome, 1);
      now += ms;
      hear(who, 1);
      tasks.shift()?.();
    },
  };
}

test("a bus that ends each session as soon as it begins is asked ever less often", () => {
  const { waits, session } = setUp();
  for (let n = 0; n < 8; n++) session(1);
  expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
});

test("after a session that lasted the bus is looked for at once", () => {
  const { waits, session } = setUp();
  for (let n = 0; n < 4; n++) session(1);
  session(LINK_TIMING.backoffMaxMs);
  expect(waits).toEqual([50, 100, 200, 400, 50]);
});
