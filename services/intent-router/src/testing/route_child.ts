/** A router over a journal in a file, in a process of its own, to be killed. Arguments: the journal, the paths as JSON. */
import { openTestBus, startForTest } from "@kloros/daemon/testing";
import type { Installation } from "@kloros/daemon";
import { service } from "../mod.ts";

const [journal = "", paths = "{}"] = process.argv.slice(2);
await startForTest(service, {
  testBus: openTestBus({ path: journal }),
  testHome: {
    home: "",
    paths: JSON.parse(paths) as Installation,
    remove: () => undefined,
  },
  config: { scanIntervalMs: 50, quietMs: 50, rejectedIntervalMs: 50 },
});
