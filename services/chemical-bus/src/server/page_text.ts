import type { Page } from "@kloros/journal";

/** A page as JSON text of bounded size: cut behind a whole item, `next` set so that the reader goes on there. */
export function pageText(page: Page, bytesMax: number): string {
  const whole = JSON.stringify(page);
  if (whole.length <= bytesMax || page.items.length <= 1) return whole;
  let size = 0;
  const items = page.items.filter((item, index) => {
    size += JSON.stringify(item).length;
    return index === 0 || size <= bytesMax;
  });
  return JSON.stringify({ items, next: items.at(-1)?.seq ?? null } satisfies Page);
}
