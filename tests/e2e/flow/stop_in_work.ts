/** A service that stands still in the middle of its work, and another one that takes its place. */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import { tryLockDescriptor } from "@kloros/file-lock";
import { DaemonProcess } from "../house/daemon_process.ts";
import type { House } from "../house/house.ts";
import type { FlowTree } from "./flow_tree.ts";

const INTEGRATOR = "capability-integrator";
/** A client that was silent for 10 s may be displaced. */
const DISPLACED_LIMIT_MS = 60_000;

type FlowHouse<Name extends string> = House<Name | typeof INTEGRATOR> & { readonly tree: FlowTree };

/** Stops services while the integrator is in the middle of a delivery: it waits for the registry, which is then free again. */
export async function stopInWork<Name extends string>(
  flow: FlowHouse<Name>,
  names: readonly (Name | typeof INTEGRATOR)[],
): Promise<void> {
  const { operator } = flow;
  const unlock = await lockRegistry(flow.paths.registry);
  for (let n = 0; n < 6; n++) flow.tree.add(`held_${String(n)}`, { bare: n % 2 === 0 });
  await flow.until(
    "the integrator to be in the middle of its work",
    async () => {
      const consumers = await operator.admin("consumers", {});
      return consumers.some(({ name, leased }) => name === INTEGRATOR && leased > 0);
    },
    30_000,
  );
  for (const name of names) flow.daemon(name).send("SIGSTOP");
  unlock();
}

/** In a runtime directory of its own, or the instance lock would keep it out; refused until the bus finds the first one too silent. */
export async function startSecond(
  { paths }: Pick<FlowHouse<never>, "paths">,
  first: DaemonProcess,
  compiled?: string,
): Promise<DaemonProcess> {
  const { service } = first;
  const runtime = join(paths.home, "second");
  const flags = ["--set", `kloros.busEndpoint=${paths.busEndpoint}`];
  const second = new DaemonProcess({ service, paths: { ...paths, runtime }, flags, compiled });
  const starts = async (): Promise<boolean> => {
    if (!second.running) {
      await second.exited();
      second.start();
    }
    return (await second.readiness())?.ok === true;
  };
  await until("a second integrator to be let in", starts, { limitMs: DISPLACED_LIMIT_MS });
  const words = second.lastWords(50);
  if (!words.includes(String(first.pid))) throw new Error(`the holder's pid was not named: ${words}`);
  return second;
}

/** As another writer of the registry would, once it is free; returns how to let go. */
async function lockRegistry(registry: string): Promise<() => void> {
  const fd = openSync(`${registry}.lock`, "a");
  const release = await until("the registry to be free", () => tryLockDescriptor(fd));
  return () => {
    release();
    closeSync(fd);
  };
}
