import { describe, expect, test } from "bun:test";
import { pauseTarget } from "./pause_target.ts";

const known = { services: ["dream-consumer", "same"], rules: ["promotions-start-dream", "same"] };

describe("pauseTarget()", () => {
  test.each([
    ["dream-consumer", "service", "dream-consumer"],
    ["service:same", "service", "same"],
    ["rule:same", "rule", "same"],
    ["promotions-start-dream", "rule", "promotions-start-dream"],
    [" rule:promotions-start-dream ", "rule", "promotions-start-dream"],
  ] as const)("%p is the %s %s", async (typed, kind, name) => {
    expect(await pauseTarget(typed, known)).toEqual({ kind, name });
  });

  test.each([
    ["same", "say service:same or rule:same"],
    ["dream-consumr", "did you mean dream-consumer?"],
    ["promotions-start-dreams", "did you mean promotions-start-dream?"],
    ["rule:dream-consumer", 'there is no rule "dream-consumer"; there are: promotions-start-dream, same'],
    ["", "there are: dream-consumer"],
  ])("%p is refused: %s", async (typed, said) => {
    const refused = await pauseTarget(typed, known).catch((error: unknown) => String(error));
    expect(refused).toContain(said);
  });
});
