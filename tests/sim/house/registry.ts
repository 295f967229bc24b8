/** The house's registry, in place of capabilities.yaml. */
import type { RegisteredEntry } from "@kloros/capability-integrator/testing";
import type { SimulatedProcess } from "../machine/process.ts";
import { readJson } from "./consuming.ts";

export const REGISTRY = "registry";

export type Registry = Readonly<Record<string, RegisteredEntry & { readonly pyFiles: number }>>;

export function readRegistry(process: SimulatedProcess): Promise<Registry> {
  return readJson<Registry>(process, REGISTRY, {});
}
