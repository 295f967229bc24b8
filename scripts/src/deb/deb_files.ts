/** Everything in the package but dpkg's own files. Pure. */
import { BASE, CONFIG_FILE, DEB_LAYOUT } from "./deb_layout.ts";
import type { DebDescription } from "./deb_description.ts";

export type DebFile = { readonly path: string } & (
  | { readonly kind: "text"; readonly text: string; readonly mode: number }
  | { readonly kind: "link"; readonly target: string }
  /** The compiled program. */
  | { readonly kind: "program" }
  /** Compressed, as Debian wants its changelogs. */
  | { readonly kind: "gzip"; readonly text: string }
);

export function debFiles(description: DebDescription, changelog: string): readonly DebFile[] {
  const { programs, units, config } = description;
  const record = { format: 1, layout: DEB_LAYOUT, ownHome: true, files: [] };
  return [
    { kind: "program", path: `${BASE}/bin/kloros` },
    ...programs.map((name): DebFile => ({ kind: "link", path: `${BASE}/bin/${name}`, target: "kloros" })),
    {
      kind: "text",
      path: `${BASE}/installation.json`,
      text: `${JSON.stringify(record, null, 2)}\n`,
      mode: 0o644,
    },
    { kind: "link", path: "/usr/bin/kloros", target: "../lib/kloros/bin/kloros" },
    ...units.map((unit): DebFile => ({ kind: "text", ...unit })),
    { kind: "text", path: CONFIG_FILE, text: config, mode: 0o644 },
    { kind: "text", path: "/usr/share/doc/kloros/copyright", text: COPYRIGHT, mode: 0o644 },
    { kind: "gzip", path: "/usr/share/doc/kloros/changelog.gz", text: changelog },
  ];
}

const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: kloros

Files: *
Copyright: the authors of KLoROS
License: unlicensed
 All rights reserved.
`;
