/** A service for the tests of the process around it. Started as a child process; SAMPLE_* says how it behaves. */
import { Type } from "@sinclair/typebox";
import { Broker } from "@kloros/journal";
import { openLocalBus, type Bus } from "@kloros/bus-client";
import { createRoot, CuriosityInvestigate } from "@kloros/signal-schema";
import { runService } from "../run/run_service.ts";
import type { Service } from "../types.ts";

const config = Type.Object({
  workMs: Type.Integer({ default: 0, minimum: 0, description: "How long a delivery takes." }),
  apiKey: Type.String({ default: "", description: "Never shown." }),
  live: Type.Object({
    topics: Type.Array(Type.String(), { default: ["a", "b"], description: "Some names." }),
  }),
});

const how = process.env["SAMPLE"] ?? "";

const service: Service<typeof config> = {
  kind: how === "away" || how === "local" ? "client" : "bus",
  manifest: {
    name: "sample",
    purpose: "Shows how a process of the kit behaves.",
    consumes: [CuriosityInvestigate],
    emits: [],
    config,
    decisions: [],
    reads: [],
    writes: [],
  },
  start: async (context) => {
    if (how === "throws") throw new Error("the disk is made of cheese");
    if (how === "crashes") setTimeout(() => crash(), 10);
    if (how === "rejects") void Promise.reject(new Error("nobody looked"));
    if (how === "hangs") context.every("spin", 60_000, async () => new Promise(() => undefined));
    context.status("sampling");
    if (how !== "local") return undefined;
    await context.consume(
      { signals: [CuriosityInvestigate], start: { from: "earliest" } },
      async (delivery) => {
        process.stdout.write("WORKING\n");
        await Bun.sleep(context.config.workMs);
        process.stdout.write(`WORKED aborted=${String(delivery.abort.aborted)}\n`);
        return undefined;
      },
    );
    const [facts] = CuriosityInvestigate.examples;
    if (facts === undefined) throw new Error("no example");
    await asker?.publish([
      createRoot(CuriosityInvestigate, facts, { source: "curiosity-core", nowMs: Date.now() }),
    ]);
    return async () => {
      process.stdout.write("CLEANED\n");
      return Promise.resolve();
    };
  },
};

function crash(): never {
  throw new Error("nobody caught this");
}

/** Somebody else on the same bus, who asks. */
let asker: Bus | undefined;

function connect(): Bus {
  const broker = new Broker({ path: ":memory:" });
  asker = openLocalBus({ broker, service: "curiosity-core" });
  return openLocalBus({ broker, service: "sample" });
}

await runService(service, {
  systemConfigFile: "/nonexistent/kloros.toml",
  ...(how === "local" ? { connect } : {}),
});
