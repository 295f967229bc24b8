import { SERVICE_NAMES, type ServiceName } from "../multicall/service_names.ts";

/** The services that `up` runs, and in which order they stop. */
export interface UpService {
  readonly name: string;
  /** `source`: brings signals in from outside, so it stops first; the bus stops last. */
  readonly role: "bus" | "worker" | "source";
}

/** A service that is added to the program does not compile without its role here. */
const ROLES: Readonly<Record<ServiceName, UpService["role"]>> = {
  "chemical-bus": "bus",
  "intent-router": "source",
  "curiosity-core": "source",
  "investigation-consumer": "worker",
  "semantic-dedup": "worker",
  "capability-integrator": "worker",
  "orchestrator-monitor": "worker",
  "policy-engine": "worker",
  "dream-consumer": "worker",
  "winner-deployer": "worker",
};

/** In the order of their start: who works before who feeds. */
export const UP_SERVICES: readonly UpService[] = (["bus", "worker", "source"] as const).flatMap((role) =>
  SERVICE_NAMES.filter((name) => ROLES[name] === role).map((name) => ({ name, role })),
);

export const BUS_SERVICE = "chemical-bus";

/** Groups that stop one after the other: what feeds before what works, the bus when nobody needs it any more. */
export function stopOrder<Each extends { readonly service: UpService }>(
  all: readonly Each[],
): readonly (readonly Each[])[] {
  return (["source", "worker", "bus"] as const).map((role) =>
    all.filter(({ service }) => service.role === role),
  );
}
