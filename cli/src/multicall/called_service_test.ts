import { describe, expect, test } from "bun:test";
import { calledAs } from "./called_service.ts";

describe("the name that the program is called by", () => {
  test.each([
    ["intent-router", "intent-router"],
    ["/usr/lib/kloros/chemical-bus", "chemical-bus"],
    ["./capability-integrator", "capability-integrator"],
    ["/usr/lib/kloros/kloros-dream", "kloros-dream"],
  ] as const)("%s is %s", (argv0, name) => expect(calledAs(argv0)).toBe(name));

  test.each(["kloros", "bun", "/opt/kloros", "", "intent-router/kloros", "intent_router"])(
    "%p is the command",
    (argv0) => {
      expect(calledAs(argv0)).toBeUndefined();
    },
  );
});
