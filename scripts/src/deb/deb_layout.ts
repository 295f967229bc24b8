/** Where the Debian package lays everything: where Debian has it, and nothing below /opt or /usr/local. */
export const BASE = "/usr/lib/kloros";
export const CONFIG_FILE = "/etc/kloros/kloros.toml";

/** As `kloros release describe --layout` takes it. */
export const DEB_LAYOUT = {
  mode: "system",
  programs: `${BASE}/bin`,
  home: "/var/lib/kloros",
  source: "/var/lib/kloros/src",
  state: "/var/lib/kloros/state",
  runtime: "/run/kloros",
  logs: "/var/log/kloros",
  configFile: CONFIG_FILE,
  user: "kloros",
  group: "kloros",
  unitDirectory: "/usr/lib/systemd/system",
  sysusersDirectory: "/usr/lib/sysusers.d",
  tmpfilesDirectory: "/usr/lib/tmpfiles.d",
} as const;
