/**
 * Who may import whom inside the house. The arrows of the architecture, from the package to what it stands on;
 * a package that is not listed may import none of the others.
 */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "signal-schema": [],
  "file-lock": [],
  zmq: [],
  journal: ["signal-schema", "file-lock"],
  "bus-client": ["signal-schema", "journal", "zmq", "file-lock"],
  "dream-runner": ["daemon", "file-lock"],
  daemon: ["bus-client", "signal-schema", "file-lock"],
};

/** Services meet on the bus: none imports another. */
export const SERVICE_LAYERS: readonly string[] = ["signal-schema", "bus-client", "daemon", "file-lock"];

/** What one service needs beyond the others, and why. */
export const SERVICE_EXTRAS: Readonly<Record<string, readonly string[]>> = {
  // Owns the journal and its sockets.
  "chemical-bus": ["journal", "zmq"],
  // Starts the runner and reads what it left.
  "dream-consumer": ["dream-runner"],
  // Reads the experiments' mapping of parameters to keys.
  "winner-deployer": ["dream-runner"],
};
