/** SIGTERM and SIGINT: the first one asks for an orderly end, the second one ends at once. */
export interface ProcessSignals {
  /** Resolves with the name of the first signal. */
  readonly first: Promise<string>;
  forget(): void;
}

const NAMES = ["SIGTERM", "SIGINT"] as const;

export function listenForSignals(onSecond: (name: string) => void): ProcessSignals {
  const { promise, resolve } = Promise.withResolvers<string>();
  let seen = 0;
  const listeners = NAMES.map((name) => {
    const listener = (): void => {
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
