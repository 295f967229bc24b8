/** docs/reference/lifecycle.md: what a service tells its service manager, what it does on signals, and how it ends. */
import { drainBoundMs, EXIT_CODES } from "@kloros/daemon";
import { CLI_EXIT } from "../exit_codes.ts";
import { sourceNote } from "./source_note.ts";

const GRACE_MS = 10_000;

export function lifecyclePage(): string {
  const boundS = drainBoundMs(GRACE_MS) / 1000;
  return [
    sourceNote("packages/daemon/src and cli/src/exit_codes.ts"),
    "# Lifecycle of a service",
    "",
    "## What it tells systemd",
    "",
    "| message | when |",
    "|---|---|",
    "| `READY=1` | its start is through, the bus is connected and every consumer is attached: work can be done |",
    "| `EXTEND_TIMEOUT_USEC` | while it waits for the bus at its start, and once at its stop, for what the drain may take |",
    "| `STATUS` | what it waits for or why it rests; what it says of its own; what it did last and how long ago |",
    "| `WATCHDOG=1` | at half of `WatchdogSec` (and soon after one that was left out), when progress is proven: the bus answers or has been away for less than `busAwayMaxMs`, and no handler is beyond its time limit |",
    "| `RELOADING=1`, `MONOTONIC_USEC` | it reads its configuration again; `READY=1` follows |",
    "| `STOPPING=1` | it drains |",
    "",
    "## Signals of the process",
    "",
    "| signal | what it does |",
    "|---|---|",
    `| SIGTERM, SIGINT | takes no new work, lets work in progress end within \`drainGraceMs\` (${String(GRACE_MS / 1000)} s), hands back the rest, cleans up: at most ${String(boundS)} s with the standard grace. A unit's \`TimeoutStopSec\` is above that; whoever has a longer grace asks systemd for more time |`,
    "| a second one | ends it at once |",
    "| SIGHUP (`systemctl reload`) | reads the configuration again. `logLevel`, `logSignalLinesMax`, `drainGraceMs` and `busAwayMaxMs` take effect at once; other changes are named in the log and wait for a restart. Errors change nothing. Rules (`policies.yaml`) are followed without a signal. In a terminal, SIGHUP is its end |",
    "",
    "## Exit codes of services",
    "",
    ...codes(EXIT_CODES),
    "",
    "systemd starts a service again whatever its code. Codes of systemd itself (`203/EXEC`, `226/NAMESPACE`, …) stand in systemd.exec(5).",
    "",
    "## Exit codes of the command line",
    "",
    ...codes(CLI_EXIT),
    "",
  ].join("\n");
}

function codes(
  table: Readonly<Record<string, { readonly code: number; readonly meaning: string }>>,
): readonly string[] {
  const rows = Object.entries(table).toSorted(([, a], [, b]) => a.code - b.code);
  return [
    "| code | name | meaning |",
    "|---|---|---|",
    ...rows.map(([name, { code, meaning }]) => `| ${String(code)} | ${name} | ${meaning} |`),
  ];
}
