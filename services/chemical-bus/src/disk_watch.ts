/** Tells from the broker's counters whether its disk is full. Pure: counters in, a verdict out. */

/** Counts since the start of the bus; absent: none yet. */
export interface DiskCounters {
  /** Transactions that found no room. */
  readonly full?: number;
  /** Transactions that were committed. */
  readonly transactions?: number;
}

export type DiskChange = "filled" | "freed";

export interface DiskWatch {
  readonly isFull: boolean;
  /** Looks at the counters as they are now; says what has changed, once. */
  look(counters: DiskCounters): DiskChange | undefined;
}

/** Full from the first refused transaction on, until one is committed and none refused between two looks. */
export function watchDisk(): DiskWatch {
  let isFull = false;
  let full = 0;
  let committed = 0;
  return {
    get isFull() {
      return isFull;
    },
    look: (counters) => {
      const refused = (counters.full ?? 0) > full;
      const wrote = (counters.transactions ?? 0) > committed;
      full = counters.full ?? 0;
      committed = counters.transactions ?? 0;
      const before = isFull;
      if (refused) isFull = true;
      else if (wrote) isFull = false;
      if (before === isFull) return undefined;
      return isFull ? "filled" : "freed";
    },
  };
}
