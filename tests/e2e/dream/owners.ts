/** Which service of D-REAM passes which named point. */
import { CRASH_POINTS, type CrashPoint } from "@kloros/daemon";
import type { ServiceName } from "./dream_harness.ts";

const PREFIXES = {
  policy: "policy-engine",
  dream: "dream-consumer",
  deployer: "winner-deployer",
  monitor: "orchestrator-monitor",
} as const satisfies Readonly<Record<string, ServiceName>>;

/** Passed when modules are announced: the other flow's. */
const OF_MODULES: ReadonlySet<string> = new Set<CrashPoint>(["monitor.remembered", "monitor.published"]);

export interface OwnedPoint {
  readonly service: ServiceName;
  readonly point: CrashPoint;
}

/** All points of these services, by the table itself: a new one is walked as soon as it is in it. */
export const DREAM_POINTS: readonly OwnedPoint[] = (Object.keys(CRASH_POINTS) as CrashPoint[]).flatMap(
  (point) => {
    const prefix = point.split(".")[0] ?? "";
    return Object.hasOwn(PREFIXES, prefix) && !OF_MODULES.has(point)
      ? [{ service: PREFIXES[prefix as keyof typeof PREFIXES], point }]
      : [];
  },
);
