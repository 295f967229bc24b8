/**
 * While a simulation runs, nothing may ask the real machine for time, randomness or a timer: two runs of one seed would differ.
 * Who does is named.
 */
type Ask = (...args: never[]) => unknown;

interface Door {
  readonly name: string;
  readonly owner: object;
  readonly key: string;
}

const DOORS: readonly Door[] = [
  { name: "Date.now", owner: Date, key: "now" },
  { name: "performance.now", owner: performance, key: "now" },
  { name: "Math.random", owner: Math, key: "random" },
  { name: "crypto.randomUUID", owner: crypto, key: "randomUUID" },
  { name: "crypto.getRandomValues", owner: crypto, key: "getRandomValues" },
  { name: "setTimeout", owner: globalThis, key: "setTimeout" },
  { name: "setInterval", owner: globalThis, key: "setInterval" },
  { name: "setImmediate", owner: globalThis, key: "setImmediate" },
];

/** Does `work`, which must not wait, and tells `onAsk` of each who asks the real machine. */
export function withoutRealTime<T>(work: () => T, onAsk: (text: string) => void): T {
  const restores = DOORS.map(({ name, owner, key }) => {
    const doors = owner as Record<string, Ask | undefined>;
    const own = Object.getOwnPropertyDescriptor(owner, key);
    const real = doors[key] as Ask;
    doors[key] = (...args: never[]): unknown => {
      const from = new Error("asked").stack
        ?.split("\n")
        .find((line) => /\/(packages|services|tests)\//.test(line.replace(import.meta.path, "")));
      onAsk(
        `${name} was asked instead of the simulation${from === undefined ? "" : from.replace(/^\s+at/, ", at")}`,
      );
      return Reflect.apply(real, owner, args);
    };
    return (): void => {
      if (own === undefined) Reflect.deleteProperty(owner, key);
      else Object.defineProperty(owner, key, own);
    };
  });
  try {
    return work();
  } finally {
    for (const restore of restores) restore();
  }
}
