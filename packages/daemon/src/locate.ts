/** For programs that are no service (the command line): the installation, by the same rules as the services. */
import { Type } from "@sinclair/typebox";
import type { CommonSettings } from "./config/kloros_section.ts";
import type { Flags } from "./config/flags.ts";
import { loadConfig } from "./config/load_config.ts";
import { resolveInstallation, type ResolvedInstallation } from "./installation.ts";

export interface LocateOptions {
  readonly home?: string;
  readonly source?: string;
  readonly runtime?: string;
  /** `--config FILE`. */
  readonly config?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** For tests. */
  readonly systemFile?: string;
}

export interface Located extends ResolvedInstallation {
  readonly common: CommonSettings;
}

/** Reads the common settings and derives all paths; creates nothing. Throws `ConfigError`. */
export function locateInstallation(options: LocateOptions): Located {
  const { env, cwd, systemFile, ...given } = options;
  const flags: Flags = { ...given, assignments: [], printConfig: false, help: false, version: false };
  const loaded = loadConfig({
    service: "kloros-cli",
    schema: Type.Object({}),
    flags,
    env,
    cwd,
    ...(systemFile === undefined ? {} : { systemFile }),
  });
  return { ...resolveInstallation({ ...loaded.common, home: loaded.home, env }), common: loaded.common };
}
