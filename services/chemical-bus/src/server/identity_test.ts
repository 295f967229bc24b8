import { describe, expect, test } from "bun:test";
import { admittedUids, identify } from "./identity.ts";
import { isAlive, markProcess, parsePeerAddress } from "./peer.ts";

describe("parsePeerAddress()", () => {
  test("reads uid, gid and pid as libzmq writes them", () => {
    expect(parsePeerAddress("localhost:1000:100:4242")).toEqual({ uid: 1000, gid: 100, pid: 4242 });
  });

  test.each(["", "127.0.0.1", "localhost:1000:100", "localhost:a:b:c", "localhost:1:2:3:4", "evil:1:2:3"])(
    "knows nothing from %j",
    (address) => {
      expect(parsePeerAddress(address)).toBeUndefined();
    },
  );
});

describe("identify()", () => {
  const table: Record<number, readonly string[]> = { 7: ["curiosity-core"], 8: [] };
  const policy = { uids: [1000], servicesOf: ({ pid }: { pid: number }) => table[pid] ?? ("*" as const) };

  test("takes the pid from the kernel, and any service where nothing restricts it", () => {
    expect(identify("localhost:1000:1000:5", "whoever", policy)).toEqual({
      ok: true,
      identity: { services: "*", uid: 1000, pid: 5 },
    });
  });

  test("refuses another user, and says whom it would take", () => {
    const verdict = identify("localhost:1001:1000:5", "curiosity-core", policy);
    expect(verdict).toMatchObject({ ok: false });
    expect(verdict.ok ? "" : verdict.text).toMatch(/user 1001 .* only 1000/);
  });

  test("takes root beside the bus's own user: whoever is root could become that one", () => {
    expect(admittedUids(1000)).toEqual([1000, 0]);
    expect(admittedUids(0)).toEqual([0]);
    const verdict = identify("localhost:0:0:5", "operator", { ...policy, uids: admittedUids(1000) });
    expect(verdict).toMatchObject({ ok: true, identity: { uid: 0 } });
  });

  test("refuses a service that the process may not speak for", () => {
    expect(identify("localhost:1000:1000:7", "curiosity-core", policy)).toMatchObject({ ok: true });
    expect(identify("localhost:1000:1000:7", "policy-engine", policy)).toMatchObject({ ok: false });
    expect(identify("localhost:1000:1000:8", "curiosity-core", policy)).toMatchObject({ ok: false });
  });

  test("refuses a peer of whom the kernel says nothing", () => {
    expect(identify("", "curiosity-core", policy)).toMatchObject({ ok: false });
  });
});

describe("isAlive()", () => {
  test("is true for this process and for one of which nothing can be known", () => {
    expect(isAlive(markProcess(process.pid))).toBe(true);
    const hidden = markProcess(process.pid, () => undefined);
    expect(hidden.startedAt).toBe("");
    expect(isAlive(hidden)).toBe(true);
    expect(isAlive({ pid: 0, startedAt: "" })).toBe(true);
  });

  test("is false for a process that has ended, also before its parent took notice, and for its number's next owner", async () => {
    const child = Bun.spawn(["sleep", "30"]);
    const mark = markProcess(child.pid);
    expect(isAlive(mark)).toBe(true);
    expect(isAlive({ ...mark, startedAt: "1" })).toBe(false);
    child.kill("SIGKILL");
    await child.exited;
    expect(isAlive(mark)).toBe(false);
    expect(isAlive(markProcess(child.pid))).toBe(false);
  });
});
