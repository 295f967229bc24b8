/**
 * A backlog of intent files through the real router and bus: none lost, none doubled, bounded memory, an urgent newcomer overtakes.
 * KLOROS_FULL=1 takes the number of the real incident. Times are for `./scripts/bench intents-backlog`: they are not judged here.
 */
import { afterEach, expect, test } from "bun:test";
import { BACKLOG_FILES, runBacklog } from "../bench/intents-backlog/backlog_run.ts";
import { Scratch } from "../bench/house/scratch.ts";

const FILES = process.env["KLOROS_FULL"] === "1" ? BACKLOG_FILES : 5000;
const LIMIT_MS = 240_000;
const PEAK_MB_MAX = 200;

let scratch: Scratch | undefined;
afterEach(async () => {
  await scratch?.close();
  scratch = undefined;
});

test(
  `${String(FILES)} waiting intent files are routed, each once, in bounded memory`,
  async () => {
    scratch = new Scratch();
    const result = await runBacklog(scratch, { files: FILES, limitMs: LIMIT_MS });
    expect(result).toMatchObject({ lost: 0, doubled: 0 });
    expect(result.routerPeakMb).toBeLessThan(PEAK_MB_MAX);
    expect(result.busPeakMb).toBeLessThan(PEAK_MB_MAX);
    expect(result.overtaken).toBeGreaterThan(0);
  },
  LIMIT_MS + 60_000,
);
