import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_NAMES } from "../multicall/service_names.ts";
import { UP_SERVICES } from "../up/service_list.ts";
import { referencePages } from "./pages.ts";

const ROOT = join(import.meta.dir, "../../..");
const pages = await referencePages();

describe("the generated reference", () => {
  for (const [path, content] of pages) {
    test(`${path} is what the program says (else run: bun cli/src/reference/write.ts)`, async () => {
      expect(await Bun.file(join(ROOT, path)).text()).toBe(content);
    });

    test(`${path} says where it comes from`, () => {
      expect(content.split("\n", 1)[0]).toMatch(/Generated from .* by `bun cli\/src\/reference\/write\.ts`/);
    });
  }

  test("no page changes with where or when it is made", async () => {
    expect(await referencePages()).toEqual(pages);
  });

  test("every service of the house is in the program, and `up` starts them all", () => {
    const folders = readdirSync(join(ROOT, "services")).toSorted();
    expect([...SERVICE_NAMES].toSorted()).toEqual(folders as never);
    expect(UP_SERVICES.map(({ name }) => name).toSorted()).toEqual(folders);
  });
});
