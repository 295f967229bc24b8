/**
 * A command whose data may not grow beyond `memoryMb`, by the kernel's own limit: it counts what is really writable
 * (RLIMIT_DATA), not address space, of which some runtimes reserve gigabytes. It holds for each process; what a
 * group uses together is watched from outside.
 */
export function limitedCommand(command: readonly string[], memoryMb: number): string[] {
  const kilobytes = String(memoryMb * 1024);
  return ["/bin/sh", "-c", 'ulimit -d "$0" 2>/dev/null; ulimit -c 0; exec "$@"', kilobytes, ...command];
}
