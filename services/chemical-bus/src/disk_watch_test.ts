import { describe, expect, test } from "bun:test";
import { watchDisk } from "./disk_watch.ts";

describe("watchDisk()", () => {
  test("says once that the disk filled up, and once that there is room again", () => {
    const disk = watchDisk();
    expect(disk.look({})).toBeUndefined();
    expect(disk.look({ transactions: 3 })).toBeUndefined();
    expect(disk.look({ transactions: 3, full: 1 })).toBe("filled");
    expect(disk.look({ transactions: 3, full: 4 })).toBeUndefined();
    expect(disk.isFull).toBe(true);
    expect(disk.look({ transactions: 4, full: 4 })).toBe("freed");
    expect(disk.isFull).toBe(false);
  });

  test("stays full while nobody tries, and while small ones fit and others do not", () => {
    const disk = watchDisk();
    disk.look({ full: 1 });
    expect(disk.look({ full: 1 })).toBeUndefined();
    expect(disk.look({ full: 2, transactions: 1 })).toBeUndefined();
    expect(disk.isFull).toBe(true);
  });
});
