/**
 * A note that a running bus was stopped for its journal's sake. Whoever finds it starts the bus again: after a kill nothing else
 * tells this one from a bus that its operator stopped.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { syncDirectory } from "@kloros/daemon";
import type { InstallPlace } from "../install/choose_place.ts";
import type { Systemctl } from "../systemctl.ts";
import { unitName } from "../units/service_unit.ts";

export const BUS = unitName("chemical-bus");

type Where = Pick<InstallPlace, "base">;

function noteOf({ base }: Where): string {
  return join(base, "bus-stopped");
}

/** On disk when it returns. */
export function noteBusStopped(place: Where): void {
  writeFileSync(noteOf(place), "", { mode: 0o644 });
  syncDirectory(place.base);
}

export function isBusStopped(place: Where): boolean {
  return existsSync(noteOf(place));
}

export function forgetBusStopped(place: Where): void {
  rmSync(noteOf(place), { force: true });
}

/** For when nothing more can be done: whichever program is current tries, and refuses a journal that it does not know. */
export async function startStoppedBus(place: Where, systemctl: Systemctl | undefined): Promise<void> {
  if (isBusStopped(place)) await systemctl?.run("start", "--no-block", BUS).catch(() => undefined);
}
