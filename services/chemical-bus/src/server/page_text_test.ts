import { expect, test } from "bun:test";
import type { Page, StoredSignal } from "@kloros/journal";
import { pageText } from "./page_text.ts";

const item = (seq: number): StoredSignal =>
  ({ seq, storedAt: 0, envelope: { note: "x".repeat(100) }, deliveries: [] }) as never;

test("a page within the bound is untouched", () => {
  const page: Page = { items: [item(1), item(2)], next: 2 };
  expect(JSON.parse(pageText(page, 10_000))).toEqual(page);
});

test("a page beyond the bound is cut behind a whole item, and says where to go on", () => {
  const page: Page = { items: [1, 2, 3, 4, 5].map(item), next: null };
  const cut = JSON.parse(pageText(page, 400)) as Page;
  expect(cut.items.length).toBeGreaterThan(0);
  expect(cut.items.length).toBeLessThan(5);
  expect(cut.next).toBe(cut.items.at(-1)?.seq ?? -1);
});

test("one item beyond the bound still comes, or the reader would never get past it", () => {
  const cut = JSON.parse(pageText({ items: [item(1), item(2)], next: null }, 10)) as Page;
  expect(cut).toMatchObject({ next: 1 });
});
