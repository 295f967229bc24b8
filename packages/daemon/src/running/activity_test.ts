import { describe, expect, test } from "bun:test";
import { trackActivity } from "./activity.ts";
import { StatusLine } from "./status_line.ts";

function world() {
  const time = { now: 0, inWork: 0 };
  const clock = { wallMs: () => time.now, monotonicMs: () => time.now };
  const activity = trackActivity(clock, () => time.inWork);
  return { time, activity };
}

describe("trackActivity()", () => {
  test("says nothing before anything happened, then counts and tells how long ago", () => {
    const { time, activity } = world();
    expect(activity.text).toBeUndefined();
    activity.happened();
    activity.settled("done");
    time.now = 2500;
    time.inWork = 1;
    expect(activity.text).toBe("1 done, 1 in work, last 2 s ago");
    activity.settled("retry");
    time.inWork = 0;
    expect(activity.text).toBe("1 done, 1 failed, last 0 s ago");
  });

  test.each([
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_600_000, "1 h"],
    [172_800_000, "2 d"],
  ])("%p ms are %p", (ms, text) => {
    const { time, activity } = world();
    activity.happened();
    time.now = ms;
    expect(activity.text).toBe(`last ${text} ago`);
  });
});

describe("StatusLine", () => {
  test("puts what it waits for first and what it did last; `ready` gives way to what it did", () => {
    const told: string[] = [];
    const around: { waits?: string; activity?: string } = {};
    const line = new StatusLine("ready", (text) => told.push(text), undefined, {
      waits: () => around.waits,
      activity: () => around.activity,
    });
    line.tell();
    around.activity = "1 done";
    line.tell();
    line.own = "3 waiting";
    around.waits = "waits for the bus";
    line.tell();
    line.tell();
    expect(told).toEqual(["ready", "1 done", "3 waiting; 1 done", "waits for the bus; 3 waiting; 1 done"]);
  });
});
