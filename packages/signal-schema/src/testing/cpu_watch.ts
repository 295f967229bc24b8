/** Gives what this thread has computed since then, ms: unlike the time that passed, nobody else on the machine adds to it. */
export function cpuWatch(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  };
}
