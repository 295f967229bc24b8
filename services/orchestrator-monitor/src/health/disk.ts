import { amountOf } from "./bytes_text.ts";
import type { HealthConfig } from "./config.ts";
import type { Probe } from "./probe.ts";

export interface DiskUse {
  /** The first of the installation's directories that lies on it. */
  readonly path: string;
  readonly usedBytes: number;
  /** What somebody who is not root may still use. */
  readonly availableBytes: number;
}

/** `use`: one for each file system that the installation lies on. */
export function diskProbe(config: HealthConfig, use: () => Promise<readonly DiskUse[]>): Probe {
  return {
    name: "disk",
    read: async () => {
      const disks = await use();
      return disks.map(({ path, usedBytes, availableBytes }) => ({
        key: `disk:${path.slice(0, KEY_LENGTH_MAX)}`,
        type: "disk_full",
        value: (100 * usedBytes) / Math.max(1, usedBytes + availableBytes),
        unit: "%",
        levels: [
          { severity: "warning", above: config.diskPercentMax },
          { severity: "critical", above: config.diskPercentCritical },
        ] as const,
        step: 5,
        message: `the file system of ${path} has ${amountOf(availableBytes)} left`,
        advice: `du -xh --max-depth=2 ${shellWord(path)} | sort -h | tail -20`,
        suggestions: ["remove old logs and runs of D-REAM", "make the file system larger"],
      }));
    },
  };
}

/** A signal's key is at most 1024 long; a path may be longer. */
const KEY_LENGTH_MAX = 1000;

/** A path that can be typed as it is. */
function shellWord(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
