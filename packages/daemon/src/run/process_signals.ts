/**
 * SIGTERM and SIGINT: the first one asks for an orderly end, the second one ends at once. SIGHUP: reads the configuration
 * again; but when its terminal goes away, a service that somebody started by hand ends, as any program does.
 */
export interface ProcessSignals {
  /** Resolves with the name of the first signal that asks for the end. */
  readonly first: Promise<string>;
  forget(): void;
}

export interface SignalActions {
  readonly onSecond: (name: string) => void;
  readonly onReload: () => void;
  /** Whether it stands in somebody's terminal. */
  readonly terminal: boolean;
}

const NAMES = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

export function listenForSignals({ onSecond, onReload, terminal }: SignalActions): ProcessSignals {
  const { promise, resolve } = Promise.withResolvers<string>();
  let seen = 0;
  const listeners = NAMES.map((name) => {
    const listener = (): void => {
      if (name === "SIGHUP" && !terminal) return onReload();
      seen += 1;
      if (seen === 1) resolve(name);
      else onSecond(name);
    };
    process.on(name, listener);
    return { name, listener };
  });
  return {
    first: promise,
    forget: () => {
      for (const { name, listener } of listeners) process.off(name, listener);
    },
  };
}
