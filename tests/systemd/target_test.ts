/** kloros.target in a real systemd: both flows, what an operator sees, reload, stop and boot. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SERVICE_NAMES, type ServiceName } from "@kloros/cli/testing";
import { Flows, QUICK } from "./house/flows.ts";
import { Machine, unitOf } from "./house/machine.ts";
import { buildPrograms, type Kind, type Programs } from "./house/programs.ts";
import { mustSkip } from "./sandbox/possible.ts";

const SET_UP_MS = 120_000;
const TEST_MS = 180_000;
const SEED = 11;
/** The package is the multi-call program, installed by dpkg on a machine that had nothing of it. */
const KINDS: readonly Kind[] = [Bun.which("dpkg-deb") === null ? "multicall" : "package", "separate"];
const skip = mustSkip();

/** What each says of itself once both flows have run. */
const SAYS: Readonly<Record<ServiceName, RegExp>> = {
  "chemical-bus": /^\d+ signals, 0 open, \d+ clients, 0 dead letters; last \d+ \w+ ago$/,
  "intent-router": /^1 routed, 0 waiting, 0 rejected, last \d+ \w+ ago$/,
  "curiosity-core": /^\d+ questions asked; last \d+ \w+ ago$/,
  "investigation-consumer": /^\d+ done, last \d+ \w+ ago$/,
  "semantic-dedup": /^\d+ done, last \d+ \w+ ago$/,
  "capability-integrator": /^\d+ done, last \d+ \w+ ago$/,
  "orchestrator-monitor": /^no promotions wait; .*; \d+ done, last \d+ \w+ ago$/,
  "policy-engine": /^1 rule in force; .*; \d+ done, last \d+ \w+ ago$/,
  "dream-consumer": /^cycle \S+ completed after \d+ s: 1 winner; 1 done, last \d+ \w+ ago$/,
  "winner-deployer": /^1 winners deployed, none held; 1 done, last \d+ \w+ ago$/,
};

async function states(machine: Machine): Promise<Readonly<Record<string, string>>> {
  const shown = SERVICE_NAMES.map(async (name) => [name, await machine.show(name, "ActiveState")] as const);
  return Object.fromEntries(await Promise.all(shown));
}

const ALL_ACTIVE = Object.fromEntries(SERVICE_NAMES.map((name) => [name, "active"]));

async function auditIsClean(machine: Machine): Promise<void> {
  const { code, out, error } = await machine.kloros(["audit", "--json"]);
  expect({ code, error, ok: (JSON.parse(out) as { ok: boolean }).ok }).toEqual({
    code: 0,
    error: "",
    ok: true,
  });
}

describe.skipIf(skip).each(KINDS)("kloros.target, the programs: %s", (kind) => {
  let programs: Programs;
  let machine: Machine;
  let flows: Flows;

  beforeAll(async () => {
    programs = await buildPrograms(kind);
    machine = new Machine({ programs, config: QUICK });
    flows = new Flows(machine);
    await machine.boot();
    await flows.lay(6, SEED);
  }, SET_UP_MS);
  afterAll(async () => {
    await machine?.remove();
  });

  test(
    "starts every service, each READY, and both flows run to their end",
    async () => {
      await machine.start();
      expect(await states(machine)).toEqual(ALL_ACTIVE);
      flows.ask("first");
      flows.promote("one");
      await flows.settle();
      await auditIsClean(machine);
    },
    TEST_MS,
  );

  test(
    "systemctl status says of each service what it does",
    async () => {
      for (const name of SERVICE_NAMES) {
        const says = async (): Promise<boolean> => {
          const status = await machine.sandbox.systemctl("status", unitOf(name));
          return SAYS[name].test(/^ *Status: "(.*)"$/m.exec(status)?.[1] ?? "");
        };
        await machine.until(`${name} to say ${String(SAYS[name])}`, says, 60_000);
      }
    },
    TEST_MS,
  );

  test(
    "the journal has each line with its priority, under the name of the service that wrote it",
    async () => {
      const names = SERVICE_NAMES.flatMap((name) => ["-t", `kloros-${name}`]);
      const lines = (await machine.sandbox.must(["journalctl", "-o", "json", ...names])).trim().split("\n");
      const records = lines.map((line) => {
        const { PRIORITY, SYSLOG_IDENTIFIER, MESSAGE } = JSON.parse(line) as Readonly<Record<string, string>>;
        const said = JSON.parse(MESSAGE ?? "") as { readonly level: string; readonly service: string };
        return { ...said, PRIORITY, SYSLOG_IDENTIFIER };
      });
      const ready = records.filter((record) => "msg" in record && record.msg === "ready");
      expect(ready.map(({ service }) => service).toSorted()).toEqual(SERVICE_NAMES.toSorted());
      const priorities: Readonly<Record<string, string>> = { info: "6", warn: "4", error: "3" };
      for (const { PRIORITY, SYSLOG_IDENTIFIER, level, service } of records)
        expect([PRIORITY, SYSLOG_IDENTIFIER]).toEqual([priorities[level] ?? "", `kloros-${service}`]);
    },
    TEST_MS,
  );

  test(
    "a reload changes the log's level at once, without another process and without leaving READY",
    async () => {
      const pid = await machine.show("semantic-dedup", "MainPID");
      const config = machine.configText();
      machine.configure(config.replace("[kloros]", '[kloros]\nlogLevel = "debug"'));
      await machine.sandbox.systemctl("reload", unitOf("semantic-dedup"));
      const said = async (): Promise<string> =>
        machine.sandbox.must(["journalctl", "-o", "cat", "-t", "kloros-semantic-dedup"]);
      await machine.until(
        "the reload",
        async () => (await said()).includes('"changed":["kloros.logLevel"]'),
        60_000,
      );
      await machine.ready("semantic-dedup");
      expect(await machine.show("semantic-dedup", "MainPID")).toBe(pid);
      machine.configure(`${config}\n[semantic-dedup]\nnonsense = 1\n`);
      await machine.sandbox.systemctl("reload", unitOf("semantic-dedup"));
      await machine.until(
        "the refusal",
        async () => (await said()).includes("the configuration stays as it was"),
        60_000,
      );
      await machine.ready("semantic-dedup");
      machine.configure(config);
    },
    TEST_MS,
  );

  test(
    "a bus that is started again takes nobody with it",
    async () => {
      const pids = async (): Promise<readonly string[]> =>
        Promise.all(SERVICE_NAMES.slice(1).map(async (name) => machine.show(name, "MainPID")));
      const before = await pids();
      await machine.sandbox.systemctl("restart", unitOf("chemical-bus"));
      flows.ask("after the bus");
      await flows.settle();
      expect(await pids()).toEqual(before);
      expect(await states(machine)).toEqual(ALL_ACTIVE);
    },
    TEST_MS,
  );

  test(
    "a stop drains: every service ends by itself with 0, clients before the bus",
    async () => {
      // The command waits for the target alone, which ends before its services.
      await machine.sandbox.systemctl("stop", "kloros.target");
      await machine.until(
        "the end of all",
        async () => Object.values(await states(machine)).every((state) => state === "inactive"),
        40_000,
      );
      // Units that ended are forgotten; the journal is not.
      const lines = (await machine.sandbox.journal("-t", "systemd", "-g", "^kloros-.*Deactivated"))
        .trim()
        .split("\n");
      const ends = lines.slice(-SERVICE_NAMES.length);
      const inOrder = SERVICE_NAMES.map((name) => `${unitOf(name)}: Deactivated successfully.`);
      expect(ends.toSorted()).toEqual(inOrder.toSorted());
      expect(ends.at(-1)).toBe(inOrder[0]);
    },
    TEST_MS,
  );

  test(
    "what is on disk after a shutdown shows that nothing was lost or doubled",
    async () => {
      await machine.off();
      expect(await flows.flaws()).toEqual([]);
    },
    TEST_MS,
  );
});

describe.skipIf(skip)("kloros.target over boots of its machine", () => {
  let programs: Programs;
  let machine: Machine;
  let flows: Flows;

  beforeAll(async () => {
    programs = await buildPrograms("multicall");
    machine = new Machine({ programs, config: QUICK });
    flows = new Flows(machine);
    await machine.boot();
    await flows.lay(12, SEED);
  }, SET_UP_MS);
  afterAll(async () => {
    await machine?.remove();
  });

  test(
    "goes on where it was, after a shutdown and after a power cut in the middle of both flows",
    async () => {
      await machine.start();
      flows.ask("before the shutdown");
      flows.promote("one");
      await machine.off();
      flows.ask("while it was off");
      await machine.boot({ enabled: true });
      await machine.start();
      flows.promote("two");
      await machine.operator.ping({ timeoutMs: 10_000 });
      await machine.cutPower();
      await machine.boot({ enabled: true });
      await machine.start();
      await flows.settle();
      await auditIsClean(machine);
      await machine.off();
      expect(await flows.flaws()).toEqual([]);
    },
    TEST_MS,
  );

  test(
    "an operator takes optional services out of it and puts them back",
    async () => {
      await machine.boot();
      await machine.sandbox.systemctl("disable", unitOf("curiosity-core"));
      await machine.start();
      expect(await states(machine)).toEqual({ ...ALL_ACTIVE, "curiosity-core": "inactive" });
      await machine.sandbox.systemctl("enable", "--now", unitOf("curiosity-core"));
      expect(await states(machine)).toEqual(ALL_ACTIVE);
    },
    TEST_MS,
  );
});
