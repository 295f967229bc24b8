import { expect, test } from "bun:test";
import { testBroker } from "@kloros/journal/testing";
import { cleanUp } from "./dead_letter_clean_up.ts";

const DAY_MS = 86_400_000;

test("letters of 30 days go, in steps; younger ones and the newest stay", async () => {
  const { broker, clock } = testBroker({ autoFlush: true });
  const reject = (n: number) =>
    broker.admin("rejectContent", { id: `x${n}`, error: "no", content: "{", fields: {} }, "intent-router");
  await Promise.all(Array.from({ length: 350 }, (_, n) => reject(n)));
  clock.advance(29 * DAY_MS);
  await reject(1000);
  expect(await cleanUp(broker)).toEqual({ purged: 0, dropped: 0 });
  clock.advance(2 * DAY_MS);
  expect(await cleanUp(broker)).toEqual({ purged: 350, dropped: 350 });
  clock.advance(40 * DAY_MS);
  expect(await cleanUp(broker)).toEqual({ purged: 0, dropped: 0 });
  expect(await broker.admin("deadLetters", {})).toMatchObject([{ n: 351 }]);
  broker.close();
});
