/** For tests: a `systemctl` that answers from files, one a unit; a start and a stop change what it says. The real one is in tests/systemd. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Systemctl } from "../systemctl.ts";

export interface SampleManager {
  readonly systemctl: Systemctl;
  /** What it was told besides questions, in order. */
  readonly told: () => readonly string[];
}

export function sampleManager(
  directory: string,
  units: Readonly<Record<string, Readonly<Record<string, string>>>>,
): SampleManager {
  mkdirSync(directory, { recursive: true });
  const calls = join(directory, "calls");
  writeFileSync(calls, "");
  for (const [unit, properties] of Object.entries(units))
    writeFileSync(
      join(directory, unit),
      Object.entries(properties)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    );
  const path = join(directory, "systemctl");
  writeFileSync(
    path,
    `#!/bin/sh
cd ${directory} || exit 1
shift
verb=$1
shift
case $verb in show) cat "$1" 2>/dev/null || echo ActiveState=inactive; exit 0 ;; esac
echo "$verb $*" >>calls
for unit; do
  test -e "$unit" || continue
  case $verb in
    start|restart) sed -i 's/^ActiveState=.*/ActiveState=active/' "$unit" ;;
    stop) sed -i 's/^ActiveState=.*/ActiveState=inactive/' "$unit" ;;
  esac
done
`,
  );
  chmodSync(path, 0o755);
  return {
    systemctl: new Systemctl({ mode: "system", env: { PATH: `${directory}:/usr/bin:/bin` } }),
    told: () => readFileSync(calls, "utf8").trim().split("\n"),
  };
}
