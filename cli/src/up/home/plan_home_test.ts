import { describe, expect, test } from "bun:test";
import { isInside, planHome, PlanError, type Situation } from "./plan_home.ts";

const fresh: Situation = {
  home: "/clone/.kloros",
  kind: "absent",
  why: "there is no such directory yet",
  asked: { act: false, observe: false, inPlace: false },
  source: "/clone/.kloros/src",
  sourceGiven: false,
  sourceExists: false,
  ownSource: "/clone/.kloros/src",
  ownSourceExists: false,
  copiedFrom: undefined,
};
const used: Situation = { ...fresh, kind: "own", sourceExists: true, ownSourceExists: true };
const code: Situation = { ...fresh, source: "/code", sourceGiven: true, sourceExists: true };
const legacy: Situation = {
  ...fresh,
  home: "/home/kloros/.kloros",
  kind: "legacy",
  source: "/home/kloros/src",
  sourceExists: true,
  ownSource: "/home/kloros/.kloros/src",
};

describe("planHome()", () => {
  test("a home that is not there is created, seeded, and acted in", () => {
    expect(planHome(fresh)).toEqual({
      mode: "act",
      modeWhy: undefined,
      createHome: true,
      source: { kind: "seed", path: "/clone/.kloros/src" },
      writesHome: true,
    });
  });

  test("a home of ours is used as it is", () => {
    expect(planHome(used)).toMatchObject({ mode: "act", createHome: false, source: { kind: "use" } });
  });

  test("a source tree outside the home is copied, unless in place", () => {
    expect(planHome(code).source).toEqual({ kind: "copy", from: "/code", path: "/clone/.kloros/src" });
    const inPlace = { ...code, asked: { ...code.asked, inPlace: true } };
    expect(planHome(inPlace).source).toEqual({ kind: "use", path: "/code" });
  });

  test("what was copied once is not copied again", () => {
    const again = { ...code, kind: "own", ownSourceExists: true, copiedFrom: "/code" } as const;
    expect(planHome(again).source.kind).toBe("copied_before");
  });

  test("a home with another tree refuses a copy and says what to do", () => {
    const seeded = { ...code, kind: "own", ownSourceExists: true } as const;
    expect(() => planHome(seeded)).toThrow(/holds another source tree.*--home.*--in-place/);
    expect(() => planHome({ ...seeded, copiedFrom: "/else" })).toThrow("a copy of /else");
  });

  test("a home of somebody else's is observed, its source looked at where it lies, nothing written", () => {
    expect(planHome(legacy)).toMatchObject({
      mode: "observe",
      createHome: false,
      writesHome: false,
      source: { kind: "use", path: "/home/kloros/src" },
    });
    expect(planHome(legacy).modeWhy).toContain("did not create /home/kloros/.kloros");
    expect(planHome({ ...legacy, kind: "foreign" }).mode).toBe("observe");
  });

  test("--act works in it, on a copy unless in place", () => {
    const acting = { ...legacy, asked: { ...legacy.asked, act: true } };
    expect(planHome(acting)).toMatchObject({ mode: "act", writesHome: true, source: { kind: "copy" } });
    const inPlace = { ...acting, asked: { ...acting.asked, inPlace: true } };
    expect(planHome(inPlace).source).toEqual({ kind: "use", path: "/home/kloros/src" });
  });

  test("--observe is asked for, so nothing has to be explained, and a home of ours is written to", () => {
    const watching = { ...used, asked: { ...used.asked, observe: true } };
    expect(planHome(watching)).toMatchObject({ mode: "observe", modeWhy: undefined, writesHome: true });
  });

  test("a source tree that is not there is an error, except where the example goes", () => {
    expect(() => planHome({ ...code, sourceExists: false })).toThrow(PlanError);
    expect(() => planHome({ ...legacy, sourceExists: false })).toThrow("no source tree at /home/kloros/src");
    expect(() => planHome({ ...fresh, sourceGiven: true })).toThrow(PlanError);
  });
});

test("isInside() compares whole names", () => {
  expect(isInside("/a/b", "/a/b")).toBe(true);
  expect(isInside("/a/b/c", "/a/b")).toBe(true);
  expect(isInside("/a/bc", "/a/b")).toBe(false);
  expect(isInside("/a", "/a/b")).toBe(false);
  expect(isInside("/a/b/..c", "/a/b")).toBe(true);
});
