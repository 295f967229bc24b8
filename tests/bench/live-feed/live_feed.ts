import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench, BenchContext } from "../bench.ts";
import { makePlace, startBus } from "../house/bus_daemon.ts";
import type { Child } from "../house/child.ts";
import { compare } from "../house/compare.ts";
import { type Measured, measureRounds } from "../house/rounds.ts";
import type { Scratch } from "../house/scratch.ts";

const READY_MS = 20_000;
const RUN_MS = 60_000;
/** A subscription needs a moment to reach the publisher through the proxy; nothing says when it did. */
const SETTLE_MS = 500;

const PEER = "C libzmq through zmq_proxy";
const FEED = "kloros: live feed → bare subscriber";
const WHOLE = "kloros: publish → bus → tap";

/** The set-up puts it there: the very file that our processes load. */
const LIBRARY = join(import.meta.dir, "../../../packages/zmq/libzmq.so");

const here = (file: string): string => join(import.meta.dir, file);

/** The library is Node's addon as well, and is not loaded without the functions of Node and libuv that it names. */
function stubsOf(library: string): string {
  const names = new Set(readFileSync(library, "latin1").match(/\b(?:napi|uv)_[a-z0-9_]+/g) ?? []);
  return Array.from(names, (name) => `void ${name}(void) { __builtin_trap(); }\n`).join("");
}

/** Undefined: there is no compiler. */
function compilePeer(scratch: Scratch): string | undefined {
  if (Bun.which("cc") === null) return undefined;
  const [program, stubs] = [join(scratch.directory, "raw_feed"), join(scratch.directory, "stubs.c")];
  writeFileSync(stubs, stubsOf(LIBRARY));
  const command = ["cc", "-O2", "-rdynamic", "-o", program, here("raw_feed.c"), stubs, "-ldl"];
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`raw_feed.c does not compile: ${stderr.toString()}`);
  return program;
}

function peer({ scratch }: BenchContext, program: string, messages: number): Measured {
  return {
    name: PEER,
    measure: async () => {
      const directory = scratch.subdirectory();
      const [front, back] = [`ipc://${join(directory, "f")}`, `ipc://${join(directory, "b")}`];
      const library = LIBRARY;
      const start = (role: string, ...args: string[]) =>
        scratch.spawn(role, [program, library, role, ...args]);
      const proxy = start("proxy", front, back);
      await proxy.event("ready", READY_MS);
      const subscriber = start("sub", back, String(messages));
      const publisher = start("pub", front, String(messages));
      await Promise.all([subscriber.event("ready", READY_MS), publisher.event("ready", READY_MS)]);
      await Bun.sleep(SETTLE_MS);
      publisher.tell("go");
      const { perS } = await subscriber.event("received", RUN_MS);
      await scratch.end([proxy, subscriber, publisher]);
      return [{ what: "received", unit: "1/s", value: Number(perS) }];
    },
  };
}

function feedAlone({ scratch }: BenchContext, messages: number): Measured {
  return {
    name: FEED,
    measure: async () => {
      const directory = scratch.subdirectory();
      const args = [`ipc://${join(directory, "f")}`, `ipc://${join(directory, "c")}`, messages];
      const feed = scratch.run(here("feed_process.ts"), args);
      await feed.event("bound", READY_MS);
      const subscriber = scratch.run(here("bare_subscriber_process.ts"), args);
      await feed.event("ready", READY_MS);
      feed.tell("go");
      const { perS } = await subscriber.event("received", RUN_MS);
      await scratch.end([feed, subscriber]);
      return [{ what: "received", unit: "1/s", value: Number(perS) }];
    },
  };
}

interface Count {
  readonly received: number;
  readonly lastAt: number;
}

/** A live feed may lose: whoever waited for all of them would wait for ever. */
async function untilQuiet(tap: Child): Promise<Count> {
  for (let before = -1; ;) {
    tap.tell("count");
    const { received, lastAt } = (await tap.event("count", RUN_MS)) as unknown as Count;
    if (received === before) return { received, lastAt };
    before = received;
    await Bun.sleep(SETTLE_MS);
  }
}

function whole({ scratch }: BenchContext, messages: number): Measured {
  return {
    name: WHOLE,
    measure: async () => {
      const place = makePlace(scratch);
      const bus = await startBus(scratch, place);
      const { busEndpoint, liveEndpoint } = place.paths;
      const tap = scratch.run(here("tap_process.ts"), [busEndpoint, liveEndpoint]);
      const publisher = scratch.run(here("live_publisher_process.ts"), [busEndpoint]);
      await Promise.all([tap.event("ready", READY_MS), publisher.event("ready", READY_MS)]);
      await Bun.sleep(SETTLE_MS);
      publisher.tell(String(messages));
      const published = await publisher.event("published", RUN_MS);
      const { received, lastAt } = await untilQuiet(tap);
      await scratch.end([bus, tap, publisher]);
      const ms = lastAt - Number(published["startedAt"]);
      return [
        { what: "received", unit: "1/s", value: (received / ms) * 1000 },
        { what: "lost", unit: "%", value: (1 - received / messages) * 100 },
      ];
    },
  };
}

export const liveFeed: Bench = {
  name: "live-feed",
  title: "live feed, one subscriber, nothing stored",
  method:
    "Messages of two frames, name and 300 bytes, from one process to another over ipc, none lost. The peer is C: PUB, zmq_proxy and SUB in three processes, with the very " +
    "libzmq that we load. The live feed alone: the bus's own feed object announces ready-made bodies to a subscriber in another process that receives and " +
    "looks at nothing, as the peer's. The whole way: a client publishes signals that are announced only, the bus checks them and announces them, a tap in a third process parses and checks them again; here the feed is best effort, as it is, and what a slow tap lost is shown.",
  limitMs: 8 * 60_000,
  async run(context) {
    const { quick, scratch, say } = context;
    const program = compilePeer(scratch);
    const subjects = [
      ...(program === undefined ? [] : [peer(context, program, quick ? 200_000 : 1_000_000)]),
      feedAlone(context, quick ? 100_000 : 500_000),
      whole(context, quick ? 20_000 : 150_000),
    ];
    const figures = await measureRounds(subjects, quick ? 1 : 5, say);
    const what = "received";
    return {
      figures,
      ratios: [
        ...compare(figures, { what, subject: FEED, peer: PEER, wanted: { atLeast: 0.5 } }),
        ...compare(figures, { what, subject: WHOLE, peer: PEER }),
      ],
      notes:
        program === undefined ? ["There is no C compiler here (cc): the peer's figures are missing"] : [],
    };
  },
};
