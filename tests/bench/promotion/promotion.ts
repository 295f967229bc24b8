import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DeploymentComplete, DreamComplete, DreamTrigger, PromotionsDetected } from "@kloros/signal-schema";
import { dreamRules } from "../../e2e/dream/dream_rules.ts";
import type { Bench, BenchContext } from "../bench.ts";
import { measureRounds, type Quantity } from "../house/rounds.ts";
import { latenciesOf, median, sharedNowMs } from "../house/statistics.ts";
import { DREAM, type Seen, System } from "../house/system.ts";

const SERVICES = ["orchestrator-monitor", ...DREAM] as const;
const WARM_UP = 5;
const LIMIT_MS = 20_000;

/** Says when it began, and ends: what is measured is the way to it. */
const CYCLE = 'printf %s "$EPOCHREALTIME" > "$1"\n';

interface Hops {
  readonly noticed: number;
  readonly decided: number;
  readonly started: number;
  readonly whole: number;
}

/** That of the rule that the engine comes with. */
const COOLDOWN = "15m";

/** A runner that does nothing but write down its start, in place of the built-in one. */
function configure(system: System, scratchFile: string): void {
  const { paths } = system.place;
  writeFileSync(scratchFile, CYCLE);
  const command = ["bash", scratchFile, "{home}/{run_tag}.started"];
  writeFileSync(paths.configFile, `[dream-consumer]\ncommand = ${JSON.stringify(command)}\n`);
  writeFileSync(paths.policies, dreamRules(COOLDOWN));
  mkdirSync(paths.promotions, { recursive: true });
  mkdirSync(join(paths.source, "dream/config"), { recursive: true });
  writeFileSync(paths.dreamConfig, "experiments: []\n");
}

/** As an installation writes: beside, synced, renamed into place. Returns when that was, ms. */
function dropPromotion(directory: string, id: string): number {
  const temporary = join(directory, `${id}.tmp`);
  const fd = openSync(temporary, "w");
  writeSync(fd, JSON.stringify({ schema: "v1", id, timestamp: Math.floor(Date.now() / 1000), fitness: 0.5 }));
  fsyncSync(fd);
  closeSync(fd);
  const at = sharedNowMs();
  renameSync(temporary, join(directory, `${id}.json`));
  return at;
}

const names = ({ signal }: Seen, id: string): boolean =>
  ((signal.facts["promotion_ids"] ?? []) as readonly string[]).some((one) => one.startsWith(`${id}@`));

/** From the rename to the acknowledgement; the next one meets a system at rest. */
async function once(system: System, id: string): Promise<Hops> {
  const { paths } = system.place;
  const find = (name: string): Seen | undefined => system.named(name).find((one) => names(one, id));
  const from = dropPromotion(paths.promotions, id);
  const acknowledged = join(paths.promotions, "acknowledged", `${id}.json`);
  await system.until(
    `${id} acknowledged`,
    LIMIT_MS,
    () => find(DeploymentComplete.name) !== undefined && existsSync(acknowledged),
  );
  const noticed = find(PromotionsDetected.name)?.at ?? NaN;
  const decided = find(DreamTrigger.name)?.at ?? NaN;
  const tag = String(find(DreamComplete.name)?.signal.facts["run_tag"]);
  const started = Number(readFileSync(join(paths.home, `${tag}.started`), "utf8")) * 1000;
  return {
    noticed: noticed - from,
    decided: decided - noticed,
    started: started - decided,
    whole: started - from,
  };
}

async function measure({ scratch, quick }: BenchContext): Promise<Quantity[]> {
  const system = new System(scratch);
  configure(system, join(scratch.subdirectory(), "cycle.sh"));
  await system.start(SERVICES);
  for (let n = 0; n < WARM_UP; n++) await once(system, `warm-${String(n)}`);
  const hops: Hops[] = [];
  for (let n = 0; n < (quick ? 20 : 150); n++) hops.push(await once(system, `promotion-${String(n)}`));
  await system.stop();
  return [
    ...quantities(
      "promotion in place → Q_PROMOTIONS_DETECTED",
      hops.map(({ noticed }) => noticed),
    ),
    ...quantities(
      "Q_PROMOTIONS_DETECTED → Q_DREAM_TRIGGER",
      hops.map(({ decided }) => decided),
    ),
    ...quantities(
      "Q_DREAM_TRIGGER → child started",
      hops.map(({ started }) => started),
    ),
    ...quantities(
      "promotion in place → child started",
      hops.map(({ whole }) => whole),
    ),
  ];
}

function quantities(what: string, times: readonly number[]): Quantity[] {
  const { p50, p99 } = latenciesOf(times);
  return [
    { what: `${what}, p50`, unit: "ms", value: p50 },
    { what: `${what}, p99`, unit: "ms", value: p99 },
  ];
}

export const promotion: Bench = {
  name: "promotion",
  title: "promotion file → trigger → child started",
  method:
    "A promotion is written beside its place, synced and renamed into the directory; the monitor notices it (inotify, read, check), the policy engine decides by its default rule and records the decision, the D-REAM consumer plans and " +
    "starts the cycle, here a shell that writes down its own start. All of them separate processes over the real bus, each hop stored with a sync. Signals are timed where the live feed brings them. One promotion at a time, the next when it is acknowledged.",
  limitMs: 8 * 60_000,
  async run(context) {
    const figures = await measureRounds(
      [{ name: "kloros", measure: () => measure(context) }],
      context.quick ? 1 : 3,
      context.say,
    );
    const whole = (p: string): number =>
      median(figures.find(({ what }) => what === `promotion in place → child started, ${p}`)?.values ?? []);
    return {
      figures,
      ratios: (["p50", "p99"] as const).map((p) => ({
        text: `promotion in place → child started, ${p}`,
        value: whole(p),
        unit: "ms" as const,
        wanted: { atMost: 1000 },
      })),
      notes: [],
    };
  },
};
