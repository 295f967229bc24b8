/** The contract of the Bus. Each group is one promise; every transport runs them all. */
import { afterEach, beforeEach, describe } from "bun:test";
import type { Bus } from "../types.ts";
import { consumeContract } from "./consume_contract.ts";
import { failureContract } from "./failure_contract.ts";
import type { BusFeatures, BusFixture } from "./fixture.ts";
import { holdContract } from "./hold_contract.ts";
import { lookContract } from "./look_contract.ts";
import { publishContract } from "./publish_contract.ts";

/** What a group of tests works with: a fresh bus for each test. */
export interface ContractContext {
  readonly features: BusFeatures;
  readonly connect: (service: string) => Bus;
}

export function describeBus(name: string, features: BusFeatures, open: () => Promise<BusFixture>): void {
  describe(name, () => {
    let fixture: BusFixture | undefined;
    beforeEach(async () => {
      fixture = await open();
    });
    afterEach(async () => {
      await fixture?.close();
      fixture = undefined;
    });
    const context: ContractContext = {
      features,
      connect(service) {
        if (fixture === undefined) throw new Error("a test connects while it runs");
        return fixture.connect(service);
      },
    };
    publishContract(context);
    consumeContract(context);
    failureContract(context);
    holdContract(context);
    lookContract(context);
  });
}
