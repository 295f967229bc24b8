/** What the machine says of itself: /proc, cgroup, file systems, nvidia-smi. The only file here that asks it. */
import { errorCode } from "@kloros/daemon";
import { readFile, stat, statfs } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import type { DiskUse } from "./disk.ts";
import type { GpuUse } from "./gpu.ts";
import type { Load } from "./load.ts";
import type { SpaceUse } from "./memory.ts";

/** Where the probes get their readings of the machine; a test gives its own. */
export interface Machine {
  memory(): Promise<SpaceUse | undefined>;
  swap(): Promise<SpaceUse | undefined>;
  load(): Load;
  disks(paths: readonly string[]): Promise<readonly DiskUse[]>;
  gpus(): Promise<readonly GpuUse[] | undefined>;
}

const CGROUP = "/sys/fs/cgroup";

/** Undefined where the platform does not tell. */
async function readMemory(): Promise<SpaceUse | undefined> {
  const machine = memoryOf(await textOf("/proc/meminfo"));
  // At the root there is a limit only inside a container.
  const limit = Number(await textOf(`${CGROUP}/memory.max`));
  if (machine === undefined || !(limit > 0 && limit < machine.totalBytes)) return machine;
  const current = Number(await textOf(`${CGROUP}/memory.current`));
  const cache = fieldOf(await textOf(`${CGROUP}/memory.stat`), /^inactive_file (\d+)/m);
  return { usedBytes: Math.max(0, current - (cache ?? 0)), totalBytes: limit };
}

async function readSwap(): Promise<SpaceUse | undefined> {
  return swapOf(await textOf("/proc/meminfo"));
}

function readLoad(): Load {
  return { load5: loadavg()[1] ?? 0, cores: availableParallelism() };
}

/** What is available counts, not what is free: caches give way. */
export function memoryOf(meminfo: string): SpaceUse | undefined {
  return usedOf(kibibytes(meminfo, "MemTotal"), kibibytes(meminfo, "MemAvailable"));
}

export function swapOf(meminfo: string): SpaceUse | undefined {
  return usedOf(kibibytes(meminfo, "SwapTotal"), kibibytes(meminfo, "SwapFree"));
}

function usedOf(total: number | undefined, left: number | undefined): SpaceUse | undefined {
  if (total === undefined || left === undefined) return undefined;
  return { usedBytes: (total - left) * 1024, totalBytes: total * 1024 };
}

function kibibytes(meminfo: string, name: string): number | undefined {
  return fieldOf(meminfo, new RegExp(`^${name}:\\s+(\\d+) kB`, "m"));
}

function fieldOf(text: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Empty where there is no such file. */
async function textOf(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}

/** One for each file system that these directories lie on; one that is not there yet is left out. */
async function readDisks(paths: readonly string[]): Promise<readonly DiskUse[]> {
  const seen = new Set<number>();
  const disks: DiskUse[] = [];
  for (const path of paths) {
    const device = await unlessMissing(async () => (await stat(path)).dev);
    if (device === undefined || seen.has(device)) continue;
    seen.add(device);
    const { blocks, bfree, bavail, bsize } = await statfs(path);
    disks.push({ path, usedBytes: (blocks - bfree) * bsize, availableBytes: bavail * bsize });
  }
  return disks;
}

async function unlessMissing<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

const GPU_QUERY = [
  "--query-gpu=index,memory.used,memory.total,temperature.gpu",
  "--format=csv,noheader,nounits",
];
const GPU_LIMIT_MS = 5000;

/** Empty where there is no `nvidia-smi`; undefined when it fails or takes too long. */
async function readGpus(): Promise<readonly GpuUse[] | undefined> {
  const program = Bun.which("nvidia-smi");
  if (program === null) return [];
  const child = Bun.spawn([program, ...GPU_QUERY], {
    stdout: "pipe",
    stderr: "ignore",
    timeout: GPU_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const text = await child.stdout.text();
  return (await child.exited) === 0 ? gpusOf(text) : undefined;
}

export function gpusOf(csv: string): readonly GpuUse[] {
  return csv.split("\n").flatMap((line) => {
    const [index, used, total, temperature] = line.split(",").map((field) => Number.parseFloat(field));
    if (index === undefined || used === undefined || total === undefined || temperature === undefined)
      return [];
    return [{ index, memoryPercent: (100 * used) / total, temperature }];
  });
}

/** This one. */
export const thisMachine: Machine = {
  memory: readMemory,
  swap: readSwap,
  load: readLoad,
  disks: readDisks,
  gpus: readGpus,
};
