/** kloros.target in a real systemd: both flows, what an operator sees, reload, stop and boot. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SERVICE_NAMES } from "../../cli/src/multicall/service_names.ts";
import { Flows, QUICK } from "./house/flows.ts";
import { Machine, unitOf } from "./house/machine.ts";
import { buildPrograms, type Kind, type Programs } from "./house/programs.ts";
import { mustSkip } from "./sandbox/possible.ts";

const SET_UP_MS = 120_000;
const TEST_MS = 180_000;

const KINDS: readonly Kind[] = ["multicall", "separate"];

describe.skipIf(mustSkip()).each(KINDS)("kloros.target of %s programs", (kind) => {
  let programs: Programs;
  let machine: Machine;
  let flows: Flows;

  beforeAll(async () => {
    programs = await buildPrograms(kind);
    machine = new Machine({ programs: programs.directory, config: QUICK });
    flows = new Flows(machine);
    await machine.boot();
    await flows.lay(6, 11);
  }, SET_UP_MS);
  afterAll(async () => {
    await machine?.remove();
    programs?.remove();
  });

  test(
    "starts every service, each READY, and both flows run to their end",
    async () => {
      await machine.start();
      for (const name of SERVICE_NAMES)
        expect([name, await machine.show(name, "ActiveState")]).toEqual([name, "active"]);
      flows.ask("first");
      flows.promote("one");
      await flows.settle();
    },
    TEST_MS,
  );
});
