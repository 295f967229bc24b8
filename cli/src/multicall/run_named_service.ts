import type { ServiceName } from "./service_names.ts";

/** Runs it until it ends, and the process with it. `argv`: its own flags. */
export async function runNamedService(name: ServiceName, argv: readonly string[]): Promise<void> {
  // Before anything that takes time: whoever started us may be gone by then.
  await import("../up/die_with_parent.ts");
  const [{ runService }, { loadService }] = await Promise.all([
    import("@kloros/daemon"),
    import("./load_service.ts"),
  ]);
  await runService(await loadService(name), { argv });
}
