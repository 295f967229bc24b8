/** The flow as it should be, with nobody in its way: the measure for what the other tests break. */
import { afterEach, expect, test } from "bun:test";
import { checkFlow } from "./flow/check_flow.ts";
import { FlowHarness } from "./flow/flow_harness.ts";
import { readLeftBehind } from "./flow/left_behind.ts";

let flow: FlowHarness | undefined;
afterEach(async () => {
  await flow?.remove();
  flow = undefined;
});

test("an undisturbed flow brings each module from question to registry, once", async () => {
  flow = new FlowHarness({ modules: 20, seed: 1 });
  flow.start();
  await flow.settle();
  await flow.stop();
  expect(checkFlow(readLeftBehind(flow.paths), flow)).toEqual([]);
}, 60_000);
