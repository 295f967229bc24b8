import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { diskProbe } from "./disk.ts";
import { thisMachine } from "./machine.ts";
import { fillWith, mountSmallDisk, whyNoMounts } from "./testing/small_disk.ts";
import { healthSettings, openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

const MIB = 1024 * 1024;

const noMounts = whyNoMounts();

test.skipIf(noMounts !== undefined)(
  `a disk that fills up warns, then is critical, and is fine again when it has room${noMounts ?? ""}`,
  async () => {
    const { source } = post.home.paths;
    mkdirSync(source, { recursive: true });
    const disk = mountSmallDisk(source, "16m");
    try {
      // Of the two file systems, only this one is to speak: the other is the machine's own.
      const check = post.check(diskProbe(healthSettings(), () => thisMachine.disks([source])));
      for (const mebibytes of [1, 13, 15, 15, 13, 1]) {
        fillWith(source, mebibytes * MIB);
        await check.look();
        post.clock.advance(60_000);
      }
      const key = `disk:${source}`;
      const alerts = await post.alerts();
      expect(storyOf(alerts)).toEqual([
        `raised warning ${key}`,
        `changed critical ${key}`,
        `changed warning ${key}`,
        `cleared info ${key}`,
      ]);
      expect(alerts[0]?.recommended_action).toBe(`du -xh --max-depth=2 ${source} | sort -h | tail -20`);
    } finally {
      disk.unmount();
      rmSync(source, { recursive: true, force: true });
    }
  },
);

test("directories on one file system are one disk, and one that is not there yet is none", async () => {
  const { home, state } = post.home.paths;
  const disks = await thisMachine.disks([home, state, join(home, "not/there")]);
  expect(disks.map(({ path }) => path)).toEqual([home]);
});

test("a path with a quote or a space can still be typed", async () => {
  const full = { path: "/srv/it's here", usedBytes: 99, availableBytes: 1 };
  await post.check(diskProbe(healthSettings(), async () => [full])).look();
  const [alert] = await post.alerts();
  expect(alert?.recommended_action).toContain(String.raw`'/srv/it'\''s here'`);
});
