/** A client that is cut off between its COMMIT and the answer, over real sockets. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BusMessage, connectBus, decodeBusMessage, encodeMessage, joinLines } from "@kloros/bus-client";
import { Broker } from "@kloros/journal";
import { CuriosityInvestigate, InvestigationComplete, createChild, createRoot } from "@kloros/signal-schema";
import { openSocket, type ZmqSocket } from "@kloros/zmq";
import { type IpcDirectory, makeIpcDirectory } from "@kloros/zmq/testing";
import { BusServer } from "./bus_server.ts";
import { runLoop } from "./run_loop.ts";

const WORKER = "investigation-consumer";
const SPEC = { name: WORKER, signals: ["Q_CURIOSITY_INVESTIGATE"], start: { from: "earliest" as const } };

let dir: string;
let sockets: IpcDirectory;
let stopBus: () => Promise<void>;
let broker: Broker;
let socket: ZmqSocket;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-answer-"));
  sockets = makeIpcDirectory();
  startBus();
});
afterEach(async () => {
  socket.close();
  await stopBus();
  sockets.remove();
  rmSync(dir, { recursive: true, force: true });
});

function startBus(): void {
  broker = new Broker({ path: join(dir, "journal.db"), autoFlush: false });
  const server = new BusServer({
    broker,
    endpoint: sockets.endpoint("bus"),
    liveEndpoints: [],
    onEvent: () => undefined,
  });
  const stop = new AbortController();
  const running = runLoop({ server, broker, stopping: stop.signal });
  stopBus = async () => {
    stop.abort();
    await running;
    await server.close();
    broker.close();
  };
}

async function next<Verb extends BusMessage["verb"]>(
  verb: Verb,
): Promise<Extract<BusMessage, { verb: Verb }>> {
  for (let tries = 0; tries < 2000; tries++) {
    const received = socket.receive();
    const message = received === undefined ? undefined : decodeBusMessage(received.frames);
    if (message?.verb === verb) return message as never;
    if (message === undefined) await Bun.sleep(1);
  }
  throw new Error(`the bus did not say ${verb}`);
}

async function greet(held: readonly { seq: number; token: string }[]): Promise<string> {
  socket = openSocket("dealer");
  socket.connect(sockets.endpoint("bus"));
  const fields = {
    protos: [1],
    service: WORKER,
    instance: "i",
    consumers: [{ spec: SPEC, held: [...held] }],
  };
  socket.send(encodeMessage({ verb: "HELLO", fields }, { session: "", n: 1 }));
  return ((await next("WELCOME")) as unknown as { session: string }).session;
}

async function ask(): Promise<void> {
  const router = connectBus({ endpoint: sockets.endpoint("bus"), service: "intent-router" });
  const facts = CuriosityInvestigate.examples[0] as never;
  await router.publish([createRoot(CuriosityInvestigate, facts, { source: "intent-router", nowMs: 1 })]);
  await router.close();
}

function commit(
  session: string,
  n: number,
  { seq, token, emit }: { seq: number; token: string; emit: string },
) {
  const fields = { ref: n, consumer: WORKER, seqs: [seq], tokens: [token], kinds: "d", emits: [1] };
  socket.send(encodeMessage({ verb: "COMMIT", fields, payload: joinLines([emit]) }, { session, n }));
}

test.each(["the connection", "the bus"])(
  "losing %s, the same COMMIT is ok again, and done once",
  async (what) => {
    await ask();
    const session = await greet([]);
    const credit = { consumer: WORKER, normal: 10, urgent: 10 };
    socket.send(encodeMessage({ verb: "CREDIT", fields: credit }, { session, n: 2 }));
    const delivered = await next("DELIVER");
    const [seq = 0, token = ""] = [delivered.fields.seqs[0], delivered.fields.tokens[0]];
    const parent = (await broker.read({ limit: 1 })).items[0]!.envelope;
    const facts = InvestigationComplete.examples[0] as never;
    const options = { source: WORKER, consumer: WORKER, nowMs: 2 };
    const outcome = {
      seq,
      token,
      emit: JSON.stringify(createChild(parent, InvestigationComplete, facts, options)),
    };
    commit(session, 3, outcome);
    for (let tries = 0; broker.lastSeq < 2; tries++) {
      if (tries > 2000) throw new Error("the COMMIT was not applied");
      await Bun.sleep(1);
    }
    socket.close();
    if (what === "the bus") {
      await stopBus();
      startBus();
    }
    const again = await greet([{ seq, token }]);
    commit(again, 2, outcome);
    expect((await next("COMMITTED")).fields.statuses).toBe("o");
    expect(broker.lastSeq).toBe(2);
    const [worker] = await broker.admin("consumers", {});
    expect(worker).toMatchObject({ done: 1, open: 0 });
  },
);
