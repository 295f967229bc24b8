import { describe, expect, test } from "bun:test";
import { defineSignal } from "./define_signal.ts";
import { operator } from "./emitters.ts";
import { facts, name } from "./fact_types.ts";

const spec = {
  name: "Q_KETTLE_BOILED",
  kind: "completion",
  description: "The water boils.",
  facts: facts({ kettle: name("Which kettle.") }),
  examples: [{ kettle: "red" }],
  emitters: [operator],
  delivery: "every",
  loopKey: () => "",
} as const;

describe("defineSignal()", () => {
  test("fills in what most signals have in common", () => {
    const definition = defineSignal(spec);
    expect(definition).toMatchObject({ root: false, status: "active" });
    expect(definition.lane({ kettle: "red" })).toBe("normal");
  });

  test("refuses a name that is not Q_<ACTION>_<STATE>", () => {
    for (const bad of ["KETTLE_BOILED", "Q_KETTLE", "Q_kettle_boiled", ""]) {
      expect(() => defineSignal({ ...spec, name: bad })).toThrow(`cannot define signal "${bad}"`);
    }
  });

  test("refuses `latest` without a key, and a key without `latest`", () => {
    expect(() => defineSignal({ ...spec, delivery: "latest" })).toThrow("`key`");
    expect(() => defineSignal({ ...spec, key: () => "" })).toThrow("`key`");
  });

  test("refuses a definition without an example or an emitter", () => {
    expect(() => defineSignal({ ...spec, examples: [] })).toThrow("example");
    expect(() => defineSignal({ ...spec, emitters: [] })).toThrow("emitter");
  });
});
