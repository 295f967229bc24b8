/** A client that the bus refuses for good is closed, and every call says why. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { DeniedError } from "@kloros/bus-client";
import { question, until } from "@kloros/bus-client/testing";
import { BusHarness } from "./bus_harness.ts";

const bus = new BusHarness({}, ["curiosity-core"]);
beforeAll(() => bus.start());
afterAll(() => bus.close());

test("a service that the bus's table does not give to this process is denied", async () => {
  const stranger = bus.connect("policy-engine");
  const waiting = stranger.publish([question("a")]).catch((error: unknown) => error);
  await until("the refusal", () => stranger.state === "closed");
  expect(await waiting).toBeInstanceOf(DeniedError);
  const later = await stranger.publish([question("b")]).catch((error: unknown) => error);
  expect(later).toMatchObject({ code: "identity" });
  expect(String(later)).toContain("may only speak for curiosity-core");
  const consume = stranger.consume({ name: "policy-engine", signals: [], start: { from: "now" } }, () =>
    Promise.resolve(undefined),
  );
  expect(await consume.catch((error: unknown) => error)).toBeInstanceOf(DeniedError);
});

test("the one that the table allows is welcome", async () => {
  const [result] = await bus.connect("curiosity-core").publish([question("a")]);
  expect(result?.status).toBe("stored");
});
