import { MARK_VARIABLE } from "./marks.ts";

/**
 * Waits until its input ends, which happens whenever and however the runner ends, and then kills whatever still
 * carries the run's mark. In a session of its own, so that what kills the runner's group leaves it its work.
 */
const SCRIPT = `
cat >/dev/null
n=0
while [ $n -lt 40 ]; do
  met=
  for file in $(grep -lsz "^${MARK_VARIABLE}=$0[.]" /proc/[0-9]*/environ 2>/dev/null); do
    pid=\${file#/proc/}
    pid=\${pid%/environ}
    kill -KILL "-$pid" 2>/dev/null
    kill -KILL "$pid" 2>/dev/null
    met=1
  done
  [ -z "$met" ] && exit 0
  n=$((n + 1))
  sleep 0.05
done
`;

export interface Warden {
  /** Sends it away; everything it would end must have ended. */
  dismiss(): Promise<void>;
}

/** `mark`: letters and digits. */
export function startWarden(mark: string, environment: Readonly<Record<string, string>>): Warden {
  const warden = Bun.spawn(["/bin/sh", "-c", SCRIPT, mark], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...environment },
    cwd: "/",
  });
  return {
    async dismiss() {
      // With its group: a `cat` of its own waits for our end.
      try {
        process.kill(-warden.pid, "SIGKILL");
      } catch {
        warden.kill("SIGKILL");
      }
      await warden.exited;
    },
  };
}
