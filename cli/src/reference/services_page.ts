/** docs/reference/services.md, from the manifests that the services run by. */
import type { ServiceDescription, SettingDescription, SignalSummary } from "@kloros/daemon";
import { sourceNote } from "./source_note.ts";

export function servicesPage(services: readonly ServiceDescription[]): string {
  return [
    sourceNote("services/*/src/manifest.ts"),
    "# Services",
    "",
    "Each daemon with what it hears, says, decides, reads and writes. `kloros describe <service> --json` gives the same to",
    "programs. What a signal carries: [signals.md](signals.md). Settings stand in the section of the service's name in",
    "`<home>/kloros.toml`, in the environment, or behind `--set`; `--print-config` shows where each value comes from.",
    "",
    "| service | hears | says | does |",
    "|---|---|---|---|",
    ...services.map(row),
    "",
    ...services.flatMap(section),
  ].join("\n");
}

function row({ name, consumes, emits, purpose }: ServiceDescription): string {
  return `| [\`${name}\`](#${name}) | ${names(consumes)} | ${names(emits)} | ${cell(purpose)} |`;
}

function names(summaries: readonly SignalSummary[]): string {
  return summaries.map(({ name }) => link(name)).join(", ");
}

function link(signal: string): string {
  return `[\`${signal}\`](signals.md#${signal.toLowerCase()})`;
}

function section(one: ServiceDescription): readonly string[] {
  return [
    `## ${one.name}`,
    "",
    one.purpose,
    "",
    ...signalList("Hears", one.consumes),
    ...signalList("Says", one.emits),
    "Decides:",
    "",
    ...one.decisions.map((sentence) => `- ${sentence}`),
    "",
    ...settings(one),
    `Reads: ${paths(one.reads)}. Writes: ${paths(one.writes)}.`,
    "",
  ];
}

function signalList(title: string, summaries: readonly SignalSummary[]): readonly string[] {
  if (summaries.length === 0) return [];
  const lines = summaries.map(({ name, kind, description }) => `- ${link(name)} (${kind}): ${description}`);
  return [`${title}:`, "", ...lines, ""];
}

function settings({ config }: ServiceDescription): readonly string[] {
  if (config.length === 0) return ["No settings of its own.", ""];
  return ["| setting | default | allowed | meaning |", "|---|---|---|---|", ...config.map(settingRow), ""];
}

function settingRow({ key, environment, description, allowed, default: value }: SettingDescription): string {
  const shown = value === undefined ? "" : `\`${cell(JSON.stringify(value))}\``;
  return `| \`${key}\`<br>\`${environment}\` | ${shown} | ${cell(allowed)} | ${cell(description)} |`;
}

function paths(keys: readonly string[]): string {
  return keys.length === 0 ? "nothing" : keys.map((key) => `\`${key}\``).join(", ");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
