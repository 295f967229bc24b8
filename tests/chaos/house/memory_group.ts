/** A control group with a memory limit, made by hand: cgroup v2 where it has the controller, v1 otherwise. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Version {
  readonly parent: string;
  readonly limit: string;
  readonly usage: string;
  /** Holds a line `oom_kill <count>`. */
  readonly events: string;
}

const VERSIONS: readonly Version[] = [
  { parent: "/sys/fs/cgroup", limit: "memory.max", usage: "memory.current", events: "memory.events" },
  {
    parent: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    events: "memory.oom_control",
  },
];

let made = 0;

export class MemoryGroup {
  readonly #version: Version;
  readonly #path: string;

  /** Throws where no group with such a limit can be made. `limitBytes`: file pages count as well, and are given up first. */
  constructor(limitBytes: number) {
    const version = VERSIONS.find(able);
    if (version === undefined) throw new Error("no control group with a memory limit can be made here");
    this.#version = version;
    this.#path = makeIn(version);
    this.limit(limitBytes);
  }

  /** Puts a program into the group before its first instruction. */
  get within(): readonly string[] {
    return ["sh", "-c", `echo $$ > ${join(this.#path, "cgroup.procs")} && exec "$0" "$@"`];
  }

  get usedBytes(): number {
    return Number(readFileSync(join(this.#path, this.#version.usage), "utf8"));
  }

  /** Processes that the kernel ended for want of memory. */
  get kills(): number {
    const text = readFileSync(join(this.#path, this.#version.events), "utf8");
    return Number(/^oom_kill (\d+)/m.exec(text)?.[1] ?? 0);
  }

  limit(bytes: number): void {
    writeFileSync(join(this.#path, this.#version.limit), String(bytes));
  }

  /** Its processes have to be gone. */
  remove(): void {
    rmdirSync(this.#path);
  }
}

/** Undefined where limits can be set; otherwise why not. */
export function whyNoMemoryGroups(): string | undefined {
  return VERSIONS.some(able) ? undefined : "needs the right to make control groups with a memory limit";
}

function able(version: Version): boolean {
  try {
    const path = makeIn(version);
    const has = existsSync(join(path, version.limit));
    rmdirSync(path);
    return has;
  } catch {
    return false;
  }
}

function makeIn({ parent }: Version): string {
  const path = join(parent, `kloros-test-${String(process.pid)}-${String(made++)}`);
  mkdirSync(path);
  return path;
}
