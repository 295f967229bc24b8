/**
 * Everything that can happen to a service under systemd: killed, hung, in a crash loop, at its memory limit. It is recovered,
 * the others do not notice, and at the end nothing is lost or doubled.
 *
 * Times are shortened by drop-ins, but for the bus that hangs: there the shipped watchdogs of its clients run beside its own.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SERVICE_NAMES, type ServiceName } from "@kloros/cli/testing";
import { Flows, QUICK } from "./house/flows.ts";
import { Machine, unitOf } from "./house/machine.ts";
import { buildPrograms, type Programs } from "./house/programs.ts";
import { mustSkip } from "./sandbox/possible.ts";

const SET_UP_MS = 120_000;
const TEST_MS = 240_000;
const BACK_MS = 90_000;
const SEED = 23;

/** What fails together; everybody else must not notice. */
const GROUPS: readonly (readonly ServiceName[])[] = [
  ["chemical-bus"],
  ["intent-router", "curiosity-core", "investigation-consumer", "semantic-dedup", "capability-integrator"],
  ["policy-engine", "dream-consumer", "winner-deployer", "orchestrator-monitor"],
];

interface Life {
  readonly pid: string;
  readonly restarts: number;
}

describe.skipIf(mustSkip())("services that fail", () => {
  let programs: Programs;
  let machine: Machine;
  let flows: Flows;
  let asked = 0;

  beforeAll(async () => {
    programs = await buildPrograms("multicall");
    machine = new Machine({ programs, config: QUICK, serviceLines: ["RestartSec=200ms"] });
    flows = new Flows(machine);
    await machine.boot();
    await flows.lay(8, SEED);
    await machine.start();
  }, SET_UP_MS);
  afterAll(async () => {
    await machine?.remove();
  });

  async function lifeOf(name: ServiceName): Promise<Life> {
    const [pid, restarts] = await Promise.all([
      machine.show(name, "MainPID"),
      machine.show(name, "NRestarts"),
    ]);
    return { pid, restarts: Number(restarts) };
  }

  async function lives(names: readonly ServiceName[]): Promise<Readonly<Record<string, Life>>> {
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await lifeOf(name)] as const)),
    );
  }

  async function eachSays(
    names: readonly ServiceName[],
    what: string,
    is: (name: ServiceName) => Promise<boolean>,
  ) {
    for (const name of names) await machine.until(`${name} ${what}`, async () => is(name), BACK_MS);
  }

  /** Does it to a group, with questions coming in; all others stay the processes that they were. */
  async function undisturbed(group: readonly ServiceName[], fail: () => Promise<void>): Promise<void> {
    const others = SERVICE_NAMES.filter((name) => !group.includes(name));
    const before = await lives(others);
    asked += 1;
    flows.ask(`question-${String(asked)}`);
    await fail();
    for (const name of group) await machine.ready(name);
    expect(await lives(others)).toEqual(before);
  }

  async function restartedSince(before: Readonly<Record<string, Life>>, by = 1): Promise<void> {
    await eachSays(Object.keys(before) as ServiceName[], "to be started again", async (name) => {
      const { pid, restarts } = await lifeOf(name);
      return pid !== before[name]?.pid && restarts >= (before[name]?.restarts ?? 0) + by;
    });
  }

  test.each(GROUPS.map((group) => [group] as const))(
    "%p killed come back",
    async (group) => {
      await undisturbed(group, async () => {
        const before = await lives(group);
        for (const name of group)
          await machine.sandbox.systemctl("kill", "--kill-who=main", "-s", "KILL", unitOf(name));
        await restartedSince(before);
      });
    },
    TEST_MS,
  );

  test.each(GROUPS.map((group) => [group] as const))(
    "%p hung are found by the watchdog",
    async (group) => {
      // The bus keeps the shipped 30 s: its clients, with the same, must bear that.
      const isBus = group.includes("chemical-bus");
      if (!isBus) await editAll(group, ["WatchdogSec=6s"]);
      await undisturbed(group, async () => {
        const before = await lives(group);
        for (const name of group)
          await machine.sandbox.systemctl("kill", "--kill-who=main", "-s", "STOP", unitOf(name));
        await restartedSince(before);
        const found = await said("Watchdog timeout");
        for (const name of group) expect(found.join("\n")).toContain(`${unitOf(name)}: Watchdog timeout`);
      });
      if (!isBus) await uneditAll(group);
    },
    TEST_MS,
  );

  test.each(GROUPS.map((group) => [group] as const))(
    "%p that need more memory than they may are ended alone, and run again when they may",
    async (group) => {
      await undisturbed(group, async () => {
        const before = await lives(group);
        await editAll(group, ["MemoryMax=2M"], "kill");
        await restartedSince(before, 2);
        await uneditAll(group, "reset");
        // Where the kernel counts memory by its older hierarchy, systemd sees the signal and not why it came.
        for (const name of group) {
          const ends = (await said("Failed with result")).filter((line) =>
            line.startsWith(`${unitOf(name)}: `),
          );
          expect(ends.slice(-2).join("\n")).toMatch(/'(oom-kill|signal)'\.\n.*'(oom-kill|signal)'/);
        }
      });
    },
    TEST_MS,
  );

  test(
    "a crash loop is told of and never given up, and ends when its cause is gone",
    async () => {
      const group = GROUPS[1] ?? [];
      const failing = group.slice(0, 2);
      await undisturbed(failing, async () => {
        await editAll(failing, ["ExecStart=", "ExecStart=/bin/false"], "kill");
        await eachSays(failing, "to be an alert", async (name) => {
          const page = await machine.operator.read({ signals: ["Q_HEALTH_ALERT"], afterSeq: 0, limit: 1000 });
          const alerts = page.items.map(({ envelope }) => envelope.facts);
          return alerts.some(({ key, state }) => key === `restarts:${name}` && state === "raised");
        });
        for (const name of failing) {
          await machine.until(
            `${name} to be tried more than five times`,
            async () => Number(await machine.show(name, "NRestarts")) > 5,
            BACK_MS,
          );
          expect(await machine.show(name, "ActiveState")).not.toBe("failed");
        }
        await uneditAll(failing, "reset");
      });
    },
    TEST_MS,
  );

  test(
    "no process of a D-REAM cycle outlives its service, whether that is killed or stopped",
    async () => {
      flows.behave("hangs");
      flows.promote("interrupted");
      await undisturbed(["dream-consumer"], async () => {
        const before = await lives(["dream-consumer"]);
        const first = await candidates();
        await machine.sandbox.systemctl("kill", "--kill-who=main", "-s", "KILL", unitOf("dream-consumer"));
        await restartedSince(before);
        const second = await candidates(first);
        flows.behave("good");
        await machine.sandbox.systemctl("restart", unitOf("dream-consumer"));
        await machine.until(
          "the end of its candidates",
          async () => isGone(await hanging(), second),
          BACK_MS,
        );
      });
    },
    TEST_MS,
  );

  test(
    "after all of it nothing is lost or doubled, and the audit is clean",
    async () => {
      flows.promote("after it all");
      await flows.settle();
      const { code, out } = await machine.kloros(["audit", "--json"]);
      expect({ code, ok: (JSON.parse(out) as { readonly ok: boolean }).ok }).toEqual({ code: 0, ok: true });
      await machine.off();
      expect(await flows.flaws()).toEqual([]);
    },
    TEST_MS,
  );

  /** Pids of candidates that hang, other than these; those must be gone. */
  async function candidates(before: readonly string[] = []): Promise<readonly string[]> {
    let found: readonly string[] = [];
    const others = async (): Promise<boolean> => {
      found = await hanging();
      return found.length > 0 && isGone(found, before);
    };
    await machine.until("candidates that hang", others, BACK_MS);
    return found;
  }

  async function hanging(): Promise<readonly string[]> {
    const { out } = await machine.sandbox.run(["pgrep", "-u", "kloros", "-x", "sleep"]);
    return out.split("\n").filter((line) => line !== "");
  }

  /** Lines of systemd that hold it. */
  async function said(what: string): Promise<readonly string[]> {
    return (await machine.sandbox.journal("-t", "systemd", "-g", what)).trim().split("\n");
  }

  /** Takes effect with another process: in order, or as if the old one had died. */
  async function editAll(
    group: readonly ServiceName[],
    lines: readonly string[],
    how: "restart" | "kill" = "restart",
  ) {
    for (const name of group) await machine.edit(name, lines);
    if (how === "restart") await machine.sandbox.systemctl("restart", ...group.map(unitOf));
    else await machine.sandbox.systemctl("kill", "--kill-who=main", "-s", "KILL", ...group.map(unitOf));
  }

  /** `reset`: what fails again and again is waiting for its next try. */
  async function uneditAll(group: readonly ServiceName[], how: "restart" | "reset" = "restart") {
    for (const name of group) await machine.unedit(name);
    if (how === "restart") await machine.sandbox.systemctl("restart", ...group.map(unitOf));
  }
});

function isGone(now: readonly string[], before: readonly string[]): boolean {
  return before.every((pid) => !now.includes(pid));
}
