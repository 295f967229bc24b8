/** The zmq transport against a bare ROUTER that plays the bus, and plays it badly. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { GrantedDelivery } from "@kloros/journal";
import { openSocket, type ZmqSocket } from "@kloros/zmq";
import { type IpcDirectory, makeIpcDirectory } from "@kloros/zmq/testing";
import { decodeClientMessage, encodeMessage } from "./codec.ts";
import { connectBus } from "./connect.ts";
import { question } from "./contract/samples.ts";
import { until } from "./contract/until.ts";
import { packDeliveries } from "./delivery_columns.ts";
import type { BusOutgoing, ClientIncoming } from "./protocol.ts";
import type { Bus } from "./types.ts";

const QUICK = { silenceMs: 1500, pingMs: 50, backoffFirstMs: 10, backoffMaxMs: 20, requestMs: 300 };

let directory: IpcDirectory;
let router: ZmqSocket;
let bus: Bus;

interface Heard {
  readonly from: Uint8Array;
  readonly message: ClientIncoming;
}

beforeEach(() => {
  directory = makeIpcDirectory();
  router = openSocket("router");
  router.bind(directory.endpoint("bus"));
  bus = connectBus({ endpoint: directory.endpoint("bus"), service: "curiosity-core", timing: QUICK });
});
afterEach(async () => {
  router.close();
  await bus.close();
  directory.remove();
});

/** The next message with this verb; others are passed over. */
function hear(verb: ClientIncoming["verb"]): Promise<Heard> {
  return until(`a ${verb}`, () => {
    const received = router.receive();
    const [from, ...frames] = received?.frames ?? [];
    if (from === undefined) return undefined;
    const message = decodeClientMessage(frames);
    return message.verb === verb ? { from, message } : undefined;
  });
}

function say(to: Heard, n: number, message: BusOutgoing, session = "s1"): void {
  router.send([to.from, ...encodeMessage(message, { session, n })]);
}

const welcome: BusOutgoing = { verb: "WELCOME", fields: { proto: 1, attached: [] } };
const puback = (ref: number): BusOutgoing => ({ verb: "PUBACK", fields: { ref, statuses: "s", seqs: [7] } });
const refOf = ({ message }: Heard): number => ("ref" in message.fields ? message.fields.ref : 0);

const delivered = (consumer: string, leaseMs = 30_000): GrantedDelivery => ({
  consumer,
  lane: "normal",
  seq: 1,
  token: "1.1.1",
  attempt: 1,
  leaseMs,
  body: JSON.stringify(question("a")),
  plan: null,
  state: null,
  late: false,
});

describe("after a lost session", () => {
  test.each<[string, (to: Heard) => void]>([
    [
      "because the bus skipped a number",
      (to) => {
        say(to, 3, { verb: "PONG", fields: { ref: 0 } });
      },
    ],
    [
      "because the bus asked WHO",
      (to) => {
        say(to, 1, { verb: "WHO", fields: { text: "?" } }, "");
      },
    ],
    [
      "because the bus said good-bye",
      (to) => {
        say(to, 2, { verb: "BYE", fields: { reason: "restart" } });
      },
    ],
    [
      "because the bus spoke nonsense",
      (to) => {
        router.send([to.from, "nonsense"]);
      },
    ],
    ["because the bus said nothing any more", () => undefined],
  ])("%s, the same signals go out again, in a session of their own", async (_why, spoil) => {
    const result = bus.publish([question("a")]);
    const first = await hear("HELLO");
    say(first, 1, welcome);
    const pub = await hear("PUB");
    spoil(first);
    const second = await hear("HELLO");
    expect(Buffer.from(second.from).equals(first.from)).toBe(false);
    say(second, 1, welcome, "s2");
    const again = await hear("PUB");
    expect(again.message).toMatchObject({ session: "s2", n: 2, payload: pub.message.payload });
    say(again, 2, puback(refOf(again)), "s2");
    expect(await result).toEqual([{ status: "stored", seq: 7 }]);
  });
});

describe("a request", () => {
  test("waits for the bus to come, and goes out in its order", async () => {
    const results = [bus.publish([question("a")])];
    await Promise.resolve();
    results.push(bus.publish([question("b")]));
    const hello = await hear("HELLO");
    say(hello, 1, welcome);
    const [one, two] = [await hear("PUB"), await hear("PUB")];
    expect(one.message.payload).toContain('"question_id":"a"');
    say(hello, 2, puback(refOf(one)));
    say(hello, 3, puback(refOf(two)));
    await Promise.all(results);
  });

  test("that the bus could not take is refused here, or it would be said again for ever", async () => {
    const name = "x".repeat(300);
    const consume = bus.consume({ name, signals: [], start: { from: "now" } }, () =>
      Promise.resolve(undefined),
    );
    expect(await consume.catch((thrown: unknown) => thrown)).toMatchObject({ code: "protocol" });
    const read = bus.read({ limit: -1 });
    expect(await read.catch((thrown: unknown) => thrown)).toMatchObject({ code: "protocol" });
    const content = "x".repeat(5 * 1024 * 1024);
    const reject = bus.admin("rejectContent", { id: "i", error: "e", content, fields: {} });
    expect(await reject.catch((thrown: unknown) => thrown)).toMatchObject({ code: "protocol" });
  });

  test("to read that nobody answers ends with a clear error", async () => {
    const error = await bus.read({}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "timeout" });
    expect(String(error)).toContain(directory.endpoint("bus"));
  });

  test("that is made while the consumers come back is said once", async () => {
    const name = "curiosity-core";
    const onSettled = (): void => void bus.admin("retryDeadLetter", { n: 1 }).catch(() => undefined);
    void bus
      .consume(
        { name, signals: ["Q_MODULE_INTEGRATED"], start: { from: "now" }, onSettled },
        () => new Promise(() => undefined),
      )
      .catch(() => undefined);
    const hello = await hear("HELLO");
    say(hello, 1, welcome);
    const result = { ok: true as const, adopted: [], gone: [] };
    say(hello, 2, { verb: "ATTACHED", fields: { ref: refOf(await hear("ATTACH")), result } });
    say(hello, 3, { verb: "DELIVER", ...packDeliveries([delivered(name)]) });
    say(hello, 1, { verb: "WHO", fields: { text: "?" } }, "");
    const second = await hear("HELLO");
    const attached = [{ ...result, gone: [1] }];
    say(second, 1, { verb: "WELCOME", fields: { proto: 1, attached } }, "s2");
    await hear("ADMIN");
    // Whatever was said with it came before this.
    const ping = bus.ping({ timeoutMs: 200 }).catch(() => undefined);
    let said = 0;
    await until("the ping", () => {
      const received = router.receive();
      const message = received === undefined ? undefined : decodeClientMessage(received.frames.slice(1));
      if (message?.verb === "ADMIN") said += 1;
      return message?.verb === "PING" ? message : undefined;
    });
    expect(said).toBe(0);
    await ping;
  });

  test("to change something is not said twice", async () => {
    const result = bus.admin("retryDeadLetter", { n: 1 }).catch((thrown: unknown) => thrown);
    const hello = await hear("HELLO");
    say(hello, 1, welcome);
    await hear("ADMIN");
    say(hello, 2, { verb: "BYE", fields: { reason: "restart" } });
    expect(await result).toMatchObject({ code: "unanswered" });
  });
});

describe("a bus that is idle", () => {
  test("is asked for a sign of life, and kept while it gives one", async () => {
    const hello = await hear("HELLO");
    say(hello, 1, welcome);
    for (let n = 2; n < 12; n++) {
      const ping = await hear("PING");
      say(hello, n, { verb: "PONG", fields: { ref: refOf(ping) } });
    }
    expect(bus.state).toBe("connected");
  });

  test("is asked also while leases are extended, which it does not answer", async () => {
    const name = "curiosity-core";
    void bus
      .consume(
        { name, signals: ["Q_MODULE_INTEGRATED"], start: { from: "now" }, leaseMs: 90 },
        () => new Promise(() => undefined),
      )
      .catch(() => undefined);
    const hello = await hear("HELLO");
    say(hello, 1, welcome);
    const attach = await hear("ATTACH");
    const attached = { ok: true as const, adopted: [], gone: [] };
    say(hello, 2, { verb: "ATTACHED", fields: { ref: refOf(attach), result: attached } });
    say(hello, 3, { verb: "DELIVER", ...packDeliveries([delivered(name, 90)]) });
    await hear("EXTEND");
    await hear("EXTEND");
    const ping = await hear("PING");
    expect(ping.message.session).toBe("s1");
  });
});
