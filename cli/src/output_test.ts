import { describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Output, ReaderGoneError } from "./output.ts";

describe("Output", () => {
  test("keeps the order of what nobody waited for", async () => {
    const folder = mkdtempSync(join(tmpdir(), "output-"));
    const fd = openSync(join(folder, "out"), "w");
    const output = new Output(fd);
    for (let n = 0; n < 500; n++) void output.write(`${n} ${"x".repeat(n)}\n`);
    await output.flushed();
    closeSync(fd);
    const lines = readFileSync(join(folder, "out"), "utf8").trimEnd().split("\n");
    rmSync(folder, { recursive: true });
    expect(lines).toEqual(
      Array.from({ length: 500 }, (_, n) => `${n} ${"x".repeat(n)}`.trimEnd()).map((line, n) =>
        n === 0 ? "0 " : line,
      ),
    );
  });

  test("waits for a slow reader instead of losing, and says when nobody reads any more", async () => {
    const folder = mkdtempSync(join(tmpdir(), "output-"));
    const pipe = join(folder, "pipe");
    expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
    const reader = Bun.spawn(["sh", "-c", `exec < ${pipe}; sleep 0.1; head -c 300000 | wc -c`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const fd = openSync(pipe, "w");
    const output = new Output(fd);
    await output.write("x".repeat(300_000));
    await reader.exited;
    expect((await reader.stdout.text()).trim()).toBe("300000");
    expect(output.write("more")).rejects.toBeInstanceOf(ReaderGoneError);
    await output.flushed().catch(() => undefined);
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
});
