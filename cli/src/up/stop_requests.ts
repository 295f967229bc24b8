/** Ctrl-C and its relatives: the first asks for an orderly end, the second ends at once. */
const NAMES = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface StopRequests {
  /** Aborted by the first; the reason's message is its name. */
  readonly asked: AbortSignal;
  /** As if a signal had come: nobody reads the output any more. */
  ask(why: string): void;
  forget(): void;
}

export function listenForStop(onSecond: (name: string) => void): StopRequests {
  const controller = new AbortController();
  const take = (name: string): void => {
    if (controller.signal.aborted) onSecond(name);
    else controller.abort(new Error(name));
  };
  const listeners = NAMES.map((name) => ({
    name,
    listener: () => {
      take(name);
    },
  }));
  for (const { name, listener } of listeners) process.on(name, listener);
  return {
    asked: controller.signal,
    ask: (why) => {
      if (!controller.signal.aborted) controller.abort(new Error(why));
    },
    forget: () => {
      for (const { name, listener } of listeners) process.off(name, listener);
    },
  };
}
