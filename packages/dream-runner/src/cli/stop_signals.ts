const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** The first of SIGTERM, SIGINT and SIGHUP, as an abort with its name. */
export function listenForStop(): { readonly signal: AbortSignal; readonly close: () => void } {
  const controller = new AbortController();
  const onSignal = (name: string): void => {
    controller.abort(name);
  };
  for (const name of STOP_SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    close: () => {
      for (const name of STOP_SIGNALS) process.removeListener(name, onSignal);
    },
  };
}
