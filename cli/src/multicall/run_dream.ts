/** Runs the D-REAM runner with its own arguments, and takes over its exit code. */
export async function runDream(argv: readonly string[]): Promise<void> {
  const { runDreamCli } = await import("@kloros/dream-runner");
  process.exitCode = await runDreamCli(argv);
}
