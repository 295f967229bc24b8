import { describe, expect, test } from "bun:test";
import { quietMinutesLeft } from "./holds.ts";

const at = (weekday: number, clock: string): { readonly weekday: number; readonly minute: number } => {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return { weekday, minute: hours * 60 + minutes };
};
const night = { fromMinute: 22 * 60, toMinute: 6 * 60 };
const noon = { fromMinute: 12 * 60, toMinute: 13 * 60 };

describe("quietMinutesLeft()", () => {
  test.each([
    ["before a night", night, at(1, "21:59"), undefined],
    ["when it begins", night, at(1, "22:00"), 480],
    ["after midnight", night, at(2, "00:30"), 330],
    ["when it ends", night, at(2, "06:00"), undefined],
    ["within the day", noon, at(1, "12:30"), 30],
    ["on a day that is not named", { ...noon, days: [2] }, at(1, "12:30"), undefined],
    ["after midnight of a named day", { ...night, days: [5] }, at(6, "01:00"), 300],
    ["in the early hours of a named day", { ...night, days: [5] }, at(5, "01:00"), undefined],
  ])("%s", (_, quiet, moment, expected) => {
    expect(quietMinutesLeft(quiet, moment)).toBe(expected);
  });
});
