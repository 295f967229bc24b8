/** `DEBIAN/control`. Pure. */

export interface DebControl {
  readonly version: string;
  /** As dpkg names it. */
  readonly architecture: string;
  readonly installedBytes: number;
}

/**
 * What the program opens at run time: the C library (2.25 is the newest symbol that libzmq asks for), the C++ library (libzmq),
 * libsystemd (sd_notify). Units and their directories are systemd's; hardening was tried with Debian 12's 252.
 */
const DEPENDS = [
  "libc6 (>= 2.25)",
  "libgcc-s1",
  "libstdc++6",
  "libsystemd0",
  "systemd (>= 247)",
  "init-system-helpers (>= 1.54~)",
];

export function controlText({ version, architecture, installedBytes }: DebControl): string {
  return `Package: kloros
Version: ${debianVersion(version)}
Architecture: ${architecture}
Maintainer: KLoROS <root@localhost>
Installed-Size: ${Math.ceil(installedBytes / 1024)}
Depends: ${DEPENDS.join(", ")}
Suggests: python3
Section: misc
Priority: optional
Description: nervous system of an autonomous AI on one machine
 A chemical bus that carries typed signals between daemons that notice,
 investigate, decide and deploy. What it acknowledged is on disk, each
 effect happens once, and every decision can be explained afterwards.
`;
}

/** A pre-release comes before its release: 1.0.0-rc.1 is 1.0.0~rc.1. */
export function debianVersion(version: string): string {
  return version.replace("-", "~");
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Throws for a processor that there is no build for. */
export function debianArchitecture(arch: string = process.arch): string {
  const found = ARCHITECTURES[arch];
  if (found === undefined) throw new Error(`there is no Debian architecture for ${arch}`);
  return found;
}
