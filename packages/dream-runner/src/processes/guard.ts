/**
 * Sees to it that no process of a cycle outlives whoever started it, however that one dies.
 *
 * A shell in a session of its own waits on a pipe whose other end only this process holds. When that end closes without
 * a word, this process is gone: the guard kills the group that it watches and, for two seconds, whatever carries the mark.
 * It ignores what asks a whole unit to end: it goes when it is told, or with its work.
 * While the group lives its id cannot be given to anybody else, and the guard is told as soon as it is over.
 */
import { pause } from "@kloros/daemon";
import type { Mark } from "./marked.ts";

/** Arguments: how grep compares, the mark's entry. Lines on standard input: the id of the group, 0 when it is over, `done`. */
const SCRIPT = `
trap '' TERM INT HUP
group=0
while read -r line; do
  [ "$line" = done ] && exit 0
  group=$line
done
[ "$group" -gt 1 ] && kill -s KILL -- "-$group" 2>/dev/null
round=0
while [ "$round" -lt 20 ]; do
  for file in $(grep "-lsz$1" -e "$2" /proc/[0-9]*/environ 2>/dev/null); do
    pid=\${file#/proc/}
    pid=\${pid%/environ}
    kill -s KILL -- "-$pid" 2>/dev/null
    kill -s KILL "$pid" 2>/dev/null
  done
  sleep 0.1
  round=$((round + 1))
done
`;

/** It has nothing to do but to read a word. */
const RELEASE_MS_MAX = 300;

export interface Guard {
  readonly pid: number;
  watch(groupId: number): void;
  /** The group is over; what carries the mark is still watched. */
  groupOver(): void;
  /** All is over. Resolves when the guard has gone. */
  release(): Promise<void>;
}

/** Throws the system's error when no process can be made. */
export function startGuard({ entry, isOpen = false }: Mark): Guard {
  const shell = Bun.spawn({
    cmd: ["/bin/sh", "-c", SCRIPT, "kloros-dream-guard", isOpen ? "F" : "xF", entry],
    // Nothing else: with the mark in its environment it would end itself.
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
    cwd: "/",
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  const tell = (line: string): void => {
    say(shell.stdin, line).catch(() => undefined);
  };
  return {
    pid: shell.pid,
    watch: (groupId) => {
      tell(String(groupId));
    },
    groupOver: () => {
      tell("0");
    },
    release: async () => {
      tell("done");
      // A timer that is left would keep this process from its end.
      const gone = new AbortController();
      void shell.exited.then(() => {
        gone.abort();
      });
      await pause(RELEASE_MS_MAX, gone.signal);
      // One that was stopped, say.
      shell.kill("SIGKILL");
    },
  };
}

/** Fails when somebody killed the guard: the work is then watched by this process alone. */
async function say(stdin: Bun.FileSink, line: string): Promise<void> {
  await stdin.write(`${line}\n`);
  await stdin.flush();
}
