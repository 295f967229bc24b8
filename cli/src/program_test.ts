import { describe, expect, test } from "bun:test";
import { cliPage, isHidden } from "./reference/cli_page.ts";
import { processEnvironment } from "./environment.ts";
import { buildProgram, everyCommand } from "./program.ts";

const program = buildProgram(processEnvironment());
const commands = everyCommand(program).filter(
  ({ parent, commands: below }) => parent !== null && below.length === 0,
);
const shown = commands.filter((command) => !isHidden(command) && command.name() !== "help");
const sections = new Map(
  cliPage()
    .split("\n## ")
    .map((text) => [text.split("\n", 1)[0]!.replace("kloros ", ""), text] as const),
);

describe("every command", () => {
  for (const command of shown) {
    const name = [command.parent?.name(), command.name()].filter((part) => part !== "kloros").join(" ");

    test(`${name} can say it in JSON, and takes the place of the installation`, () => {
      const options = command.options.map(({ long }) => long);
      expect(options).toContain("--json");
      expect(options).toContain("--home");
      expect(options).toContain("--runtime");
      expect(options).toContain("--no-color");
    });

    test(`${name} --help has an example`, () => {
      expect(sections.get(name)).toMatch(/\nExamples:\n {2}((sudo )?kloros |up|watch|generate)/);
    });
  }

  test("is one of at least the sixteen that are promised", () => {
    expect(shown.length).toBeGreaterThanOrEqual(16);
  });
});
