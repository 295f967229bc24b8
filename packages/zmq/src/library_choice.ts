/**
 * Chooses, among the binaries that the `zeromq` package brings, the one whose libzmq this machine can load.
 * Pure: the list of files comes from outside.
 */

export interface Machine {
  /** As `process.platform` says it. */
  readonly platform: string;
  /** As `process.arch` says it. */
  readonly arch: string;
  readonly libc: "glibc" | "musl";
}

/**
 * The build for Node's module version 127 needs the oldest glibc of those that the package has for both
 * architectures (147 wants glibc 2.38, Debian 12 has 2.36). Only its libzmq is used, so the version of Node
 * that the file was made for does not matter.
 */
const NODE_MODULE_VERSION = "127";

/**
 * Path of the right binary, relative to the package's `build` directory.
 * `files`: all paths below `build`, with `/`. Throws an Error that lists what exists for this platform.
 */
export function chooseLibrary(machine: Machine, files: readonly string[]): string {
  const wanted = `${machine.platform}/${machine.arch}/node/${machine.libc}-${NODE_MODULE_VERSION}-Release/addon.node`;
  if (machine.platform === "linux" && files.includes(wanted)) return wanted;
  const usable = files.filter(
    (file) => file.startsWith("linux/") && file.includes(`-${NODE_MODULE_VERSION}-`),
  );
  const known = usable.length > 0 ? usable.toSorted().join(", ") : "none (is the zeromq package installed?)";
  throw new Error(
    `no libzmq binary for ${machine.platform} ${machine.arch} ${machine.libc} (wanted ${wanted}); ` +
      `binaries that this software can use: ${known}. Run it on one of those machines.`,
  );
}

/** Which C library the process runs on, from the text of `/proc/self/maps`. */
export function libcOf(memoryMaps: string): Machine["libc"] {
  return /\/ld-musl-|\/libc\.musl-/.test(memoryMaps) ? "musl" : "glibc";
}
