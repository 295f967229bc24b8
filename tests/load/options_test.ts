import { expect, test } from "bun:test";
import { parseOptions } from "./options.ts";

test("an hour at 200 signals/s, and a million signals, are what is run when nothing else is asked for", () => {
  expect(parseOptions([])).toEqual({ kind: "soak", json: false, plan: { minutes: 60, signalsPerS: 200 } });
  expect(parseOptions(["stopped", "--json"])).toEqual({
    kind: "stopped",
    json: true,
    plan: { signals: 1_000_000, signalsPerS: 5000 },
  });
});

test.each([
  [["--minutes", "1"], '--minutes "1": a whole number from 2'],
  [["--rate", "fast"], '--rate "fast": a whole number'],
  [["stopped", "--minutes", "3"], "stopped takes no --minutes"],
  [["--signals", "3000"], "soak takes no --signals"],
  [["idle"], 'there is no load "idle"; there are soak and stopped'],
])("%p is refused with what there is", (argv, text) => {
  expect(() => parseOptions(argv)).toThrow(text);
});
