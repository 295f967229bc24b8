/** The services that `up` runs, and in which order they stop. */
export interface UpService {
  readonly name: string;
  /** `source`: brings signals in from outside, so it stops first; the bus stops last. */
  readonly role: "bus" | "worker" | "source";
}

export const UP_SERVICES: readonly UpService[] = [
  { name: "chemical-bus", role: "bus" },
  { name: "investigation-consumer", role: "worker" },
  { name: "semantic-dedup", role: "worker" },
  { name: "capability-integrator", role: "worker" },
  { name: "orchestrator-monitor", role: "worker" },
  { name: "intent-router", role: "source" },
  { name: "curiosity-core", role: "source" },
];

export const BUS_SERVICE = "chemical-bus";

/** Groups that stop one after the other: what feeds before what works, the bus when nobody needs it any more. */
export function stopOrder<Each extends { readonly service: UpService }>(
  all: readonly Each[],
): readonly (readonly Each[])[] {
  return (["source", "worker", "bus"] as const).map((role) =>
    all.filter(({ service }) => service.role === role),
  );
}
