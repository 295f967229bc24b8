/**
 * What dpkg runs around its own work. Each may run twice, and after one that was interrupted.
 *
 * What an operator expects of them: installing starts nothing (an older KLoROS may do the same work on this machine; its
 * operator goes over phase by phase); an upgrade starts again what runs, the bus first; removing stops everything; purging
 * takes settings and logs. The data in /var/lib/kloros is never dpkg's to take away: it says where it is.
 */
import { basename } from "node:path";
import type { DebDescription } from "./deb_description.ts";

export interface DebScript {
  readonly name: "preinst" | "postinst" | "prerm" | "postrm";
  readonly text: string;
}

const BUS = "kloros-chemical-bus.service";
const TARGET = "kloros.target";

export function debScripts({
  units,
  enabled,
}: Pick<DebDescription, "units" | "enabled">): readonly DebScript[] {
  const names = units.map(({ path }) => basename(path));
  const services = names.filter((name) => name.endsWith(".service"));
  const others = services.filter((name) => name !== BUS);
  return [
    { name: "preinst", text: script(PREINST) },
    { name: "postinst", text: script(postinst(enabled, others)) },
    { name: "prerm", text: script(prerm(services)) },
    { name: "postrm", text: script(postrm([TARGET, ...services])) },
  ];
}

function script(body: string): string {
  return `#!/bin/sh\nset -e\n\n${body.trim()}\n\nexit 0\n`;
}

const PREINST = `
# Units in /etc/systemd/system would go before those of this package.
if [ "$1" = install ] && [ -e "$DPKG_ROOT/opt/kloros/installation.json" ]; then
    echo "kloros: /opt/kloros was installed without dpkg; 'kloros uninstall' first: it leaves settings and data" >&2
    exit 1
fi
`;

function postinst(enabled: readonly string[], others: readonly string[]): string {
  return `
case "$1" in
configure | abort-upgrade | abort-deconfigure | abort-remove) ;;
*) exit 0 ;;
esac

systemd-sysusers \${DPKG_ROOT:+--root="$DPKG_ROOT"} kloros.conf
systemd-tmpfiles \${DPKG_ROOT:+--root="$DPKG_ROOT"} --create kloros.conf || true

# Parts of the target that an operator may leave out. Nothing is started by this.
for unit in ${enabled.join(" ")}; do
    if deb-systemd-helper --quiet was-enabled "$unit"; then
        deb-systemd-helper enable "$unit" >/dev/null || true
    else
        deb-systemd-helper update-state "$unit" >/dev/null || true
    fi
done
# Whether it starts at boot is the operator's word: systemctl enable ${TARGET}
if deb-systemd-helper debian-installed ${TARGET} && deb-systemd-helper --quiet was-enabled ${TARGET}; then
    deb-systemd-helper enable ${TARGET} >/dev/null || true
fi
deb-systemd-helper update-state ${TARGET} >/dev/null || true

if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    if [ -n "$2" ]; then
        # What runs goes on with the new program: the bus first, its clients wait for it.
        deb-systemd-invoke try-restart ${BUS} >/dev/null || true
        deb-systemd-invoke try-restart ${others.join(" ")} >/dev/null || true
    fi
fi
if [ "$1" = configure ] && [ -z "$2" ]; then
    echo "kloros: nothing was started. Now and at every boot: systemctl enable --now ${TARGET}"
fi
`;
}

function prerm(services: readonly string[]): string {
  return `
if [ "$1" = remove ] && ls "$DPKG_ROOT"/etc/systemd/system/kloros-*.service.d/50-migrate.conf >/dev/null 2>&1; then
    echo "kloros: what the migration switched off of an older system stays off; 'kloros migrate back' switches it on again, while the package is installed" >&2
fi
if [ "$1" = remove ] && [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
    deb-systemd-invoke stop ${TARGET} ${services.join(" ")} >/dev/null
fi
`;
}

function postrm(units: readonly string[]): string {
  return `
if [ "$1" = purge ]; then
    for unit in ${units.join(" ")}; do
        deb-systemd-helper purge "$unit" >/dev/null || true
    done
    rm -rf "$DPKG_ROOT/var/log/kloros" "$DPKG_ROOT/run/kloros"
    if [ -d "$DPKG_ROOT/var/lib/kloros" ]; then
        echo "kloros: the journal and all data stay in /var/lib/kloros; remove that directory yourself when you are sure"
    fi
fi
if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
fi
`;
}
