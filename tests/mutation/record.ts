/** The list and its results as a section of the page about reliability. */
import type { Fault } from "./fault.ts";
import type { Result } from "./mutate.ts";

export const PAGE = "docs/operating/reliability.md";
const HEADING = "## Planted faults";

/** `page` with the section replaced, or put at its end. Lines of other sections stay as they are. */
export function withSection(page: string, section: string): string {
  const start = page.indexOf(`${HEADING}\n`);
  if (start === -1) return `${page.trimEnd()}\n\n${section}`;
  const next = page.indexOf("\n## ", start);
  return page.slice(0, start) + section + (next === -1 ? "" : page.slice(next));
}

/** `seconds`: how long all of it took. */
export function sectionOf(faults: readonly Fault[], results: readonly Result[], seconds: number): string {
  const caught = results.filter(({ verdict }) => verdict === "caught").length;
  const rows = faults.map(({ name, breaks }) => {
    const result = results.find((one) => one.name === name);
    const by = result?.verdict === "caught" ? result.by : `**${result?.verdict ?? "not run"}**`;
    return `| \`${name}\` | ${cell(breaks)} | ${cell(by)} |`;
  });
  return `${HEADING}

A test that cannot fail proves nothing. \`./scripts/mutate\` copies packages, services and the command to a temporary directory, plants one
fault after the other there, and runs the tests that should notice: exit code 1 when a fault survives, or when its text no
longer stands exactly once in the code. It takes about ${String(Math.ceil(seconds / 60))} minutes, so it is no part of \`./scripts/test\`; there, a fast test
(\`tests/mutation/faults_test.ts\`) keeps the list from rotting. \`--only NAME\` plants one, \`--list\` shows all, \`--record\` writes
this section. The list is data: \`tests/mutation/faults/*.ts\`.

${String(results.length)} faults, ${String(caught)} caught.

| fault | promise that it breaks | caught by |
| ----- | ---------------------- | --------- |
${rows.join("\n")}
`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
