/** The files that make the host's system one for a sandbox: quiet, without what would reach the host's kernel. */
import { mkdirSync, symlinkSync, writeFileSync, chmodSync } from "node:fs";
import { dirname, join } from "node:path";

export interface SeedFile {
  readonly path: string;
  readonly text: string;
  /** Default 0644. */
  readonly mode?: number;
}

/** They set up hardware, kernel or disks, which are the host's, or talk to a console, which there is none of. */
const MASKED = [
  "dev-hugepages.mount",
  "dev-mqueue.mount",
  "getty.target",
  "kmod-static-nodes.service",
  "modprobe@.service",
  "proc-sys-fs-binfmt_misc.automount",
  "sys-fs-fuse-connections.mount",
  "sys-kernel-config.mount",
  "sys-kernel-debug.mount",
  "sys-kernel-tracing.mount",
  "systemd-ask-password-console.path",
  "systemd-ask-password-wall.path",
  "systemd-binfmt.service",
  "systemd-journald-audit.socket",
  "systemd-modules-load.service",
  "systemd-networkd.service",
  "systemd-pcrphase.service",
  "systemd-pcrphase-sysinit.service",
  "systemd-random-seed.service",
  "systemd-remount-fs.service",
  "systemd-resolved.service",
  "systemd-sysctl.service",
  "systemd-timesyncd.service",
  "systemd-tmpfiles-clean.timer",
  "systemd-udev-trigger.service",
  "systemd-udevd.service",
  "systemd-update-utmp-runlevel.service",
  "systemd-update-utmp.service",
];

const JOURNAL = `[Journal]
Storage=volatile
RateLimitBurst=0
Audit=no
ReadKMsg=no
`;

/** `extra` is laid over what stands here. */
export function writeSeed(directory: string, extra: readonly SeedFile[]): void {
  const files: readonly SeedFile[] = [
    { path: "/etc/fstab", text: "" },
    { path: "/etc/hostname", text: "kloros-test\n" },
    { path: "/etc/systemd/journald.conf.d/kloros-test.conf", text: JOURNAL },
    ...extra,
  ];
  for (const name of MASKED) link(join(directory, "etc/systemd/system", name), "/dev/null");
  // Old init scripts of the host would be started too.
  link(join(directory, "etc/systemd/system-generators/systemd-sysv-generator"), "/dev/null");
  for (const { path, text, mode } of files) {
    const place = join(directory, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
    chmodSync(place, mode ?? 0o644);
  }
}

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
