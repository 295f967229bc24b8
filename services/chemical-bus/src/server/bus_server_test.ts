/** The server against bare DEALERs: what a well-behaved client never does. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { connectBus, decodeBusMessage, encodeMessage } from "@kloros/bus-client";
import { until } from "@kloros/bus-client/testing";
import { Broker, JournalFullError } from "@kloros/journal";
import { openSocket, type ZmqSocket } from "@kloros/zmq";
import { type IpcDirectory, makeIpcDirectory } from "@kloros/zmq/testing";
import { BusServer } from "./bus_server.ts";
import { runLoop } from "./run_loop.ts";
import type { ServerEvent } from "./server_event.ts";
import type { BusServerOptions } from "./server_options.ts";

let directory: IpcDirectory;
let broker: Broker;
let server: BusServer;
let stop: AbortController;
let running: Promise<void>;
let events: ServerEvent[];
const dealers: ZmqSocket[] = [];

function start(options: Partial<BusServerOptions> = {}): void {
  broker = new Broker({ path: ":memory:", autoFlush: false });
  events = [];
  server = new BusServer({
    broker,
    endpoint: directory.endpoint("bus"),
    liveEndpoints: [directory.endpoint("live")],
    onEvent: (event) => events.push(event),
    ...options,
  });
  stop = new AbortController();
  running = runLoop({ server, broker, stopping: stop.signal });
}

beforeEach(() => {
  directory = makeIpcDirectory();
});
afterEach(async () => {
  for (const dealer of dealers.splice(0)) dealer.close();
  stop.abort();
  await running;
  await server.close();
  broker.close();
  directory.remove();
});

function dealer(): ZmqSocket {
  const socket = openSocket("dealer");
  socket.connect(directory.endpoint("bus"));
  dealers.push(socket);
  return socket;
}

async function answer(socket: ZmqSocket): Promise<ReturnType<typeof decodeBusMessage>> {
  for (let tries = 0; tries < 1000; tries++) {
    const message = socket.receive();
    if (message !== undefined) return decodeBusMessage(message.frames);
    await Bun.sleep(2);
  }
  throw new Error("the bus does not answer");
}

const hello = (service = "curiosity-core", protos = [1]) =>
  encodeMessage(
    { verb: "HELLO", fields: { protos, service, instance: "i", consumers: [] } },
    { session: "", n: 1 },
  );
const ping = (session: string, n: number) =>
  encodeMessage({ verb: "PING", fields: { ref: n } }, { session, n });

describe("the server", () => {
  test("answers in the order of the session's numbers, from 1", async () => {
    start();
    const socket = dealer();
    socket.send(hello());
    const welcome = await answer(socket);
    expect(welcome).toMatchObject({ verb: "WELCOME", n: 1 });
    socket.send(ping(welcome.session, 2));
    expect(await answer(socket)).toMatchObject({ verb: "PONG", n: 2, fields: { ref: 2 } });
  });

  test("asks WHO when it does not know the session", async () => {
    start();
    const socket = dealer();
    socket.send(ping("nonsense", 7));
    expect(await answer(socket)).toMatchObject({ verb: "WHO" });
  });

  test("keeps no session of a client that it could not welcome", async () => {
    start();
    const real = broker.db.transaction.bind(broker.db);
    broker.db.transaction = () => {
      throw new JournalFullError("no space left");
    };
    const spec = { name: "curiosity-core", signals: ["Q_DREAM_TRIGGER"], start: { from: "now" as const } };
    const fields = { protos: [1], service: "curiosity-core", instance: "i", consumers: [{ spec, held: [] }] };
    const socket = dealer();
    socket.send(encodeMessage({ verb: "HELLO", fields }, { session: "", n: 1 }));
    expect(await answer(socket)).toMatchObject({ verb: "DENY", fields: { retryable: true } });
    broker.db.transaction = real;
    expect(server.sessionCount).toBe(0);
  });

  test("does not blame a client for what it could not serve", async () => {
    start();
    const socket = dealer();
    socket.send(hello());
    const { session } = await answer(socket);
    broker.db.transaction = () => {
      throw new JournalFullError("no space left");
    };
    const spec = { name: "curiosity-core", signals: ["Q_DREAM_TRIGGER"], start: { from: "now" as const } };
    socket.send(encodeMessage({ verb: "ATTACH", fields: { ref: 1, spec, held: [] } }, { session, n: 2 }));
    expect(await answer(socket)).toMatchObject({ verb: "WHO" });
    expect(events.map(({ event }) => event)).toEqual(["bound", "bound", "connected", "notServed", "lost"]);
  });

  test("ends a session with a gap in its numbers, and says so", async () => {
    start();
    const socket = dealer();
    socket.send(hello());
    const { session } = await answer(socket);
    socket.send(ping(session, 3));
    expect(await answer(socket)).toMatchObject({ verb: "WHO" });
    expect(events).toContainEqual(expect.objectContaining({ event: "lost" }) as ServerEvent);
  });

  test("does not take one client's session from another", async () => {
    start();
    const [one, two] = [dealer(), dealer()];
    one.send(hello());
    const { session } = await answer(one);
    two.send(ping(session, 2));
    expect(await answer(two)).toMatchObject({ verb: "WHO" });
    one.send(ping(session, 2));
    expect(await answer(one)).toMatchObject({ verb: "PONG" });
  });

  test("counts what is not the protocol, and goes on with the others", async () => {
    start();
    const [bad, good] = [dealer(), dealer()];
    for (const frames of [["garbage"], ["{}", "x", "y"], [new Uint8Array([0xff, 0xfe])], [""]])
      bad.send(frames);
    good.send(hello());
    expect(await answer(good)).toMatchObject({ verb: "WELCOME" });
    // Of two connections nobody knows which is heard first.
    await until("the fourth", () => events.filter(({ event }) => event === "garbage").length === 4);
  });

  test("ends the session of a client whose columns do not agree", async () => {
    start();
    const socket = dealer();
    socket.send(hello());
    const { session } = await answer(socket);
    socket.send(
      encodeMessage({ verb: "PUB", fields: { ref: 1, count: 3 }, payload: "{}" }, { session, n: 2 }),
    );
    expect(await answer(socket)).toMatchObject({ verb: "WHO" });
  });

  test("denies a protocol that it does not speak, and a service that its table forbids", async () => {
    start({ servicesOf: () => ["curiosity-core"] });
    const socket = dealer();
    socket.send(hello("curiosity-core", [99]));
    expect(await answer(socket)).toMatchObject({ verb: "DENY", fields: { code: "protocol" } });
    const other = dealer();
    other.send(hello("policy-engine"));
    expect(await answer(other)).toMatchObject({
      verb: "DENY",
      fields: { code: "identity", retryable: false },
    });
  });

  test("takes no more clients than its limit, and lets the rest try again", async () => {
    start({ limits: { sessionsMax: 1 } });
    const [one, two] = [dealer(), dealer()];
    one.send(hello());
    await answer(one);
    two.send(hello());
    expect(await answer(two)).toMatchObject({ verb: "DENY", fields: { retryable: true } });
  });

  test("makes its socket anew when it was deleted, and tells", async () => {
    start();
    rmSync(join(directory.path, "bus.sock"));
    const bus = connectBus({ endpoint: directory.endpoint("bus"), service: "curiosity-core" });
    expect(await bus.ping({ timeoutMs: 8000 })).toBeGreaterThan(0);
    await bus.close();
    expect(events).toContainEqual(
      expect.objectContaining({ event: "socketFile", what: "deleted" }) as ServerEvent,
    );
  });

  test("starts without a live endpoint that is taken, tells once, and binds it when it is free", async () => {
    const thief = openSocket("pub");
    const taken = thief.bind("tcp://127.0.0.1:*");
    start({ liveEndpoints: [taken] });
    expect(events).toContainEqual(
      expect.objectContaining({ event: "trouble", endpoint: taken }) as ServerEvent,
    );
    thief.close();
    for (let tries = 0; tries < 2000 && server.liveEndpoints.length === 0; tries++) await Bun.sleep(2);
    expect(server.liveEndpoints).toEqual([taken]);
    expect(events.filter(({ event }) => event === "trouble")).toHaveLength(1);
  });
});

describe("the live feed", () => {
  test("sends two frames, or the envelope alone where that is asked for", async () => {
    start({ liveSingleFrameEndpoints: [directory.endpoint("single")] });
    const named = openSocket("sub");
    const single = openSocket("sub");
    named.subscribe("Q_CUR");
    single.subscribe("");
    named.connect(directory.endpoint("live"));
    single.connect(directory.endpoint("single"));
    dealers.push(named, single);
    const session = broker.open(
      { service: "operator", instance: "i", pid: 1, identity: { services: "*", uid: 0, pid: 1 } },
      { deliver: () => undefined, gone: () => undefined, closed: () => undefined },
    );
    const id = "019a81ea-3040-7000-8000-000000000001";
    const facts = { question: "?", question_id: "q", priority: "normal", evidence: [] };
    const body = (at: number): string => {
      const own = `${id.slice(0, -3)}${String(at).padStart(3, "0")}`;
      const timestamp = "2026-01-01T00:00:00.000Z";
      const signal = "Q_CURIOSITY_INVESTIGATE";
      return JSON.stringify({ signal, timestamp, source: "operator", facts, id: own, trace: own, hops: 0 });
    };
    let [two, one]: (readonly Uint8Array[] | undefined)[] = [];
    for (let at = 0; at < 500 && (two === undefined || one === undefined); at++) {
      await session.publish([body(at)]);
      two ??= named.receive()?.frames;
      one ??= single.receive()?.frames;
    }
    expect(two?.map((frame) => new TextDecoder().decode(frame))).toEqual([
      "Q_CURIOSITY_INVESTIGATE",
      expect.stringContaining('"facts"') as unknown as string,
    ]);
    expect(one).toHaveLength(1);
  });
});
