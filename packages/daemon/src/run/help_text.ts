import type { TObject } from "@sinclair/typebox";
import { EXIT_CODES } from "../exit_codes.ts";
import { describeManifest } from "../describe_manifest.ts";
import type { Manifest } from "../types.ts";

const FLAGS = [
  ["--home DIR", "directory of the installation (KLOROS_HOME)"],
  ["--source DIR", "root of the source tree (KLOROS_SOURCE)"],
  ["--runtime DIR", "directory for sockets and locks (KLOROS_RUNTIME)"],
  ["--config FILE", "one more configuration file, read after <home>/kloros.toml"],
  ["--set KEY=VALUE", "one setting; may be repeated; kloros.KEY for the common ones"],
  ["--observe", "decide and show, change nothing"],
  ["--act", "change things also in a home that this software did not create"],
  ["--log-level LEVEL", "trace, debug, info, warn, error, fatal, silent"],
  ["--print-config", "print the effective configuration and where each value comes from, and end"],
  ["--version", "print the version and end"],
  ["--help", "print this and end"],
] as const;

export function helpText<Config extends TObject>(manifest: Manifest<Config>): string {
  const { config } = describeManifest(manifest);
  const settings = config.map(
    (one) => `  ${one.key}\n      ${one.description}\n      ${one.allowed}${defaultOf(one)}`,
  );
  const codes = Object.values(EXIT_CODES).map(
    ({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`,
  );
  return [
    `${manifest.name}: ${manifest.purpose}`,
    "",
    "Flags:",
    ...FLAGS.map(([flag, text]) => `  ${flag.padEnd(20)}${text}`),
    "",
    `Settings, section [${manifest.name}] of kloros.toml:`,
    ...(settings.length === 0 ? ["  none"] : settings),
    "",
    "Exit codes:",
    ...codes,
    "",
  ].join("\n");
}

function defaultOf(setting: { readonly default?: unknown }): string {
  return setting.default === undefined ? "" : `; default ${JSON.stringify(setting.default)}`;
}
