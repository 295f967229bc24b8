import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { announce, announcementTime, idKey, isSettled, newModules, remember, SEEN_MAX } from "./decide.ts";
import type { Memory, Sighting } from "./decide.ts";
import type { RegisteredModule } from "./registry_modules.ts";

const NOW = Date.UTC(2026, 10, 23);
const module = (path: string, discoveredAt = "2025-11-08T17:35:14.700422"): RegisteredModule => ({
  name: path.split(".").at(-1) ?? path,
  path,
  discoveredAt,
  pyFiles: 4,
});
const sight = (modules: RegisteredModule[], memory: Memory | null, ...integrated: string[]): Sighting => ({
  modules,
  memory,
  integrated: new Set(integrated),
});
const paths = (sighting: Sighting): string[] => newModules(sighting).map(({ path }) => path);
const look = (sighting: Sighting): Memory => {
  const fresh = newModules(sighting).map((one) => announce(one, { pyFiles: 1, hasInit: true }, NOW));
  return remember(sighting, fresh);
};
const told = (memory: Memory): Memory => ({ ...memory, due: [] });

describe("newModules()", () => {
  const seen = told(look(sight([module("audio")], null)));

  test("finds nothing new at the very first look", () => {
    expect(paths(sight([module("audio"), module("voice")], null))).toEqual([]);
  });

  test("finds at the first look what this system has just integrated", () => {
    expect(paths(sight([module("audio"), module("voice")], null, "voice"))).toEqual(["voice"]);
  });

  test("finds a module that was not there before", () => {
    expect(paths(sight([module("audio"), module("voice")], seen))).toEqual(["voice"]);
  });

  test("finds one that was there before it was told that this system integrated it, once", () => {
    const sighting = sight([module("audio")], seen, "audio");
    expect(paths(sighting)).toEqual(["audio"]);
    expect(paths(sight([module("audio")], told(look(sighting)), "audio"))).toEqual([]);
  });

  test("finds one that was discovered anew", () => {
    expect(paths(sight([module("audio", "2026-01-01T00:00:00.000000")], seen))).toEqual(["audio"]);
  });

  test("finds nothing new in one that went and came back unchanged", () => {
    const gone = remember(sight([], seen), []);
    expect(paths(sight([module("audio")], gone))).toEqual([]);
  });

  test("is not told of a module that the registry does not hold", () => {
    expect(paths(sight([], seen, "ghost"))).toEqual([]);
  });

  test("over any history announces each discovery once and none of the first look", () => {
    const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"));
    fc.assert(
      fc.property(fc.array(names, { minLength: 1, maxLength: 8 }), (history) => {
        let memory: Memory | null = null;
        const announced: string[] = [];
        for (const present of history) {
          memory = look(
            sight(
              present.map((name) => module(name)),
              memory,
            ),
          );
          announced.push(...memory.due.map(({ facts }) => facts.module_path));
          memory = told(memory);
        }
        const later = new Set(history.flat().filter((name) => history[0]?.includes(name) === false));
        expect(announced.sort()).toEqual([...later].sort());
      }),
    );
  });
});

describe("remember()", () => {
  test("keeps what is due until it is told", () => {
    const memory = look(sight([module("audio")], { seen: {}, due: [] }));
    expect(memory.due).toHaveLength(1);
    expect(remember(sight([module("audio")], memory), []).due).toEqual(memory.due);
  });

  test("forgets modules that left when there are too many", () => {
    const many = Object.fromEntries(
      Array.from({ length: SEEN_MAX + 1 }, (_, n) => [`m${n}`, { discoveredAt: "", announced: true }]),
    );
    const memory = remember(sight([module("audio")], { seen: many, due: [] }), []);
    expect(Object.keys(memory.seen)).toEqual(["audio"]);
  });
});

test("isSettled() is true when there is nothing to write", () => {
  const memory = told(look(sight([module("audio")], null)));
  expect(isSettled(null, memory)).toBe(false);
  expect(isSettled(memory, remember(sight([module("audio")], memory), []))).toBe(true);
  expect(isSettled(memory, look(sight([module("audio"), module("b")], memory)))).toBe(false);
});

test("announce() says what the registry and the directory say", () => {
  const announcement = announce(module("tools.audio"), { pyFiles: 9, hasInit: true }, NOW);
  expect(announcement.facts).toEqual({
    module_name: "audio",
    module_path: "tools.audio",
    investigation_id: "discover.module.audio",
    py_files_count: 4,
    has_init: true,
  });
  expect(idKey(announcement)).toBe('["tools.audio","2025-11-08T17:35:14.700422"]');
});

test("announcementTime() is the entry's own, or now where that is missing or in the future", () => {
  expect(announcementTime("2025-11-08T17:35:14.700Z", NOW)).toBe(Date.UTC(2025, 10, 8, 17, 35, 14, 700));
  for (const odd of ["", "yesterday", "2099-01-01T00:00:00Z"]) expect(announcementTime(odd, NOW)).toBe(NOW);
});
