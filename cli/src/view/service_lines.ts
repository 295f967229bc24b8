/** A service's description as lines for people. Pure. */
import type { ServiceDescription, SignalSummary } from "@kloros/daemon";
import { factRows } from "./fact_rows.ts";
import type { Palette } from "./palette.ts";

export function serviceLines(one: ServiceDescription, palette: Palette): readonly string[] {
  const title = (text: string): readonly string[] => ["", palette.strong(text)];
  return [
    `${palette.source(one.name)}  ${one.purpose}`,
    ...title("hears"),
    ...signalLines(one.consumes, palette),
    ...title("says"),
    ...signalLines(one.emits, palette),
    ...title("decides"),
    ...one.decisions.map((sentence) => `  - ${sentence}`),
    ...title(`settings, section [${one.name}] of kloros.toml`),
    ...(one.config.length === 0 ? ["  none"] : []),
    ...one.config.flatMap(({ key, environment, description, allowed, default: value }) => [
      `  ${palette.signal(key)}${value === undefined ? "" : ` = ${JSON.stringify(value)}`}  ${palette.faint(`${allowed}; ${environment}`)}`,
      `      ${description}`,
    ]),
    ...title("files"),
    `  reads   ${one.reads.join(", ") || "none"}`,
    `  writes  ${one.writes.join(", ") || "none"}`,
  ];
}

function signalLines(summaries: readonly SignalSummary[], palette: Palette): readonly string[] {
  if (summaries.length === 0) return ["  nothing"];
  return summaries.flatMap(({ name, kind, delivery, description, facts }) => [
    `  ${palette.signal(name)}  ${palette.faint(`${kind}, ${delivery}`)}  ${description}`,
    ...factRows(facts).map(
      ({ path, type, required, description: meaning }) =>
        `      ${path}${required ? "" : "?"}: ${palette.faint(type)}  ${meaning}`,
    ),
  ]);
}
