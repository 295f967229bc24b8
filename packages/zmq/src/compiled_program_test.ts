import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = join(import.meta.dirname, "fixtures/echo_program.ts");
/** Of 300 idle ms; a thread that spins would use all of them. */
const IDLE_CPU_MS_MAX = 100;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "zmq-compiled-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function outputOf(command: readonly string[], cwd: string): Promise<string> {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "pipe", timeout: 15_000 });
  const [output, errors, exitCode] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}: ${errors}${output}`);
  return output;
}

function expectEcho(output: string): void {
  expect(output).toStartWith("hello for tester\nidle cpu ms ");
  expect(Number(/idle cpu ms (\d+)/.exec(output)?.[1])).toBeLessThan(IDLE_CPU_MS_MAX);
}

test("a program on this package runs from source, idles without CPU and ends by itself", async () => {
  expectEcho(await outputOf([process.execPath, PROGRAM], directory));
});

test("the same program runs compiled, elsewhere, without node_modules and without a second entry point", async () => {
  const executable = join(directory, "echo");
  await outputOf(
    [process.execPath, "build", "--compile", "--minify", PROGRAM, "--outfile", executable],
    import.meta.dirname,
  );
  expectEcho(await outputOf([executable], directory));
});

test("readiness does not keep a process alive when nothing is watched", async () => {
  const program = join(import.meta.dirname, "fixtures/unwatched_program.ts");
  expect(await outputOf([process.execPath, program], directory)).toBe("");
});
