/**
 * What a service needs of the machine beyond the paths in its manifest, and why.
 *
 * Measured in the harness (peaks of the units' control groups; compiled, 200 modules, 8,000 intents and 5 promotions at once):
 * the bus 156 MiB, investigation-consumer 79, all others 30 to 60; at most 14 threads and 39 descriptors. The limits leave six
 * times that and more: they are there for a leak, not for a busy day.
 */
import type { ServiceName } from "../multicall/service_names.ts";

export interface ServiceNeeds {
  /** MiB; undefined: what it starts decides. */
  readonly memoryMiB?: number;
  /** Threads and processes. */
  readonly tasks: number;
  /** Descriptors. */
  readonly files: number;
  /** Speaks tcp; all others only use sockets in the runtime directory. */
  readonly network?: string;
  /** Starts programs that this software does not know. */
  readonly foreignPrograms?: string;
  /** Looks at GPUs, or what it starts does. */
  readonly devices?: string;
  /** Looks at processes that are not its own. */
  readonly processes?: { readonly why: string; readonly how: "sees" | "inspects" };
  /** `systemctl enable` and `disable` decide whether the target starts it. */
  readonly optional?: boolean;
}

const USUAL = { memoryMiB: 512, tasks: 64, files: 4096 } as const satisfies ServiceNeeds;

export const SERVICE_NEEDS: Readonly<Record<ServiceName, ServiceNeeds>> = {
  "chemical-bus": {
    // Buffers what is in flight for every client; each has a socket, and each look into the history a reading thread.
    memoryMiB: 1024,
    tasks: 128,
    files: 65_536,
    network: "the live feed on 127.0.0.1:7777",
    processes: { how: "sees", why: "a client that died is told from one that is slow" },
  },
  "intent-router": { ...USUAL, optional: true },
  "curiosity-core": { ...USUAL, optional: true },
  "investigation-consumer": {
    ...USUAL,
    // Five investigations at once, each of files of up to 64 MiB together, and their syntax trees.
    memoryMiB: 1024,
    network: "the language model, when one is configured",
  },
  "semantic-dedup": USUAL,
  "capability-integrator": USUAL,
  "orchestrator-monitor": { ...USUAL, devices: "nvidia-smi tells about the GPUs" },
  "policy-engine": USUAL,
  "dream-consumer": {
    // The evaluators of a cycle count here too: what they may take is set per experiment and by memoryMebibytesMax.
    tasks: 4096,
    files: 65_536,
    network: "evaluators may ask a server",
    foreignPrograms: "evaluators in any language",
    devices: "evaluators may compute on GPUs",
    processes: { how: "inspects", why: "no cycle starts beside an old runner on the same installation" },
  },
  "winner-deployer": {
    ...USUAL,
    memoryMiB: 1024,
    tasks: 512,
    network: "the validation command may ask a server",
    foreignPrograms: "the reload and the validation command",
  },
};
