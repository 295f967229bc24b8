import { describe, expect, test } from "bun:test";
import type { Session } from "@kloros/journal";
import type { ZmqSocket } from "@kloros/zmq";
import { ClientSession } from "./client_session.ts";
import { SERVER_LIMITS } from "./limits.ts";
import { realMachine } from "./machine.ts";
import { markProcess, type ProcessMark } from "./peer.ts";
import { SessionTable } from "./session_table.ts";

const HERE = markProcess(process.pid);
const DEAD: ProcessMark = { pid: process.pid, startedAt: "1" };
const UNKNOWN: ProcessMark = { pid: 0, startedAt: "" };

function setUp(process: ProcessMark) {
  const ended: { why: string; clean: boolean }[] = [];
  const table = new SessionTable(
    { ...SERVER_LIMITS, returnMs: 100, abandonMs: 1000 },
    { ended: (_session, why, clean) => ended.push({ why, clean }), lost: () => undefined },
    realMachine,
  );
  const session = new ClientSession({} as ZmqSocket, {
    id: "i-1",
    routingId: new Uint8Array([0, 1, 2]),
    peerAddress: "",
    service: "s",
    instance: "i",
    process,
    nowMs: 0,
  });
  session.broker = { close: () => Promise.resolve() } as unknown as Session;
  table.add(session);
  return { table, session, ended };
}

describe("a session", () => {
  test("lasts while its process lives and says something now and then", () => {
    const { table, ended } = setUp(HERE);
    table.reap(999);
    expect(ended).toEqual([]);
    expect(table.size).toBe(1);
  });

  test("is over at once when its process is gone, and its work is suspect", () => {
    const { table, ended } = setUp(DEAD);
    table.reap(1);
    expect(ended).toEqual([{ why: `process ${String(process.pid)} is gone`, clean: false }]);
    expect(table.size).toBe(0);
  });

  test("that lost its connection is not found by it, and is over when its client stays away", () => {
    const { table, session, ended } = setUp(HERE);
    expect(table.of(session.routingId)).toBe(session);
    table.lose(session, "a gap", 50);
    expect(table.of(session.routingId)).toBeUndefined();
    table.reap(150);
    expect(table.size).toBe(1);
    table.reap(151);
    expect(ended).toMatchObject([{ clean: true }]);
  });

  test("of a client that is silent for long is over; without suspicion only if it is known to live", () => {
    const known = setUp(HERE);
    known.table.reap(1001);
    expect(known.ended).toMatchObject([{ clean: true }]);
    const unknown = setUp(UNKNOWN);
    unknown.table.reap(1001);
    expect(unknown.ended).toMatchObject([{ clean: false }]);
  });

  test("ends once", async () => {
    const { table, session, ended } = setUp(HERE);
    await table.end(session, "one", { clean: true });
    await table.end(session, "two", { clean: true });
    table.lose(session, "three", 1);
    expect(ended.map(({ why }) => why)).toEqual(["one"]);
  });
});
