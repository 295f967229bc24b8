import { expect, test } from "bun:test";
import { buildCommand, type CommandRequest } from "./build_command.ts";
import { cycleEnvironment } from "./cycle_environment.ts";

const request: CommandRequest = {
  configured: [],
  values: {
    config: "/src/dream/config/dream.yaml",
    artifacts: "/artifacts",
    run_tag: "17-ab",
    topic: "",
    limit_s: "1680",
    home: "/home",
    source: "/src",
  },
  directory: "/",
  searchPath: "/usr/bin:/bin",
  niceness: 0,
  memoryMebibytesMax: 0,
  findRunner: () => ({ ok: true, command: ["/opt/kloros-dream"] }),
};

test("without a command it is the built-in runner", () => {
  expect(buildCommand(request)).toEqual({
    ok: true,
    command: [
      ...[
        "/opt/kloros-dream",
        "run",
        "--config",
        "/src/dream/config/dream.yaml",
        "--artifacts",
        "/artifacts",
      ],
      ...["--run-tag", "17-ab", "--progress", "json", "--limit", "1660"],
    ],
  });
  const short = buildCommand({ ...request, values: { ...request.values, limit_s: "1.5" } });
  expect(short.ok && short.command).not.toContain("--limit");
});

test("the old runner's command can be written, placeholders filled in, other braces left alone", () => {
  const configured = [
    "sh",
    "-m",
    "src.dream.runner",
    "--config={config}",
    "--logdir",
    "{artifacts}",
    "{x}{}",
    "{topic}",
  ];
  expect(buildCommand({ ...request, configured })).toEqual({
    ok: true,
    command: [
      ...["/usr/bin/sh", "-m", "src.dream.runner", "--config=/src/dream/config/dream.yaml"],
      ...["--logdir", "/artifacts", "{x}{}", ""],
    ],
  });
});

test("limits stand before the program", () => {
  const built = buildCommand({ ...request, configured: ["/bin/sh"], niceness: 10, memoryMebibytesMax: 2 });
  expect(built).toEqual({
    ok: true,
    command: ["prlimit", "--data=2097152", "--", "nice", "-n", "10", "/bin/sh"],
  });
});

test("a program that is not there, or not to be executed, is named before anything starts", () => {
  for (const program of ["no-such-program", "/etc/passwd", "./no/such"]) {
    const built = buildCommand({ ...request, configured: [program], niceness: 10 });
    expect(built.ok).toBe(false);
    if (!built.ok) expect(built.error).toContain(program.replace("./", "/"));
  }
});

test("a runner that was not found is told as such", () => {
  const built = buildCommand({ ...request, findRunner: () => ({ ok: false, error: "not found: x" }) });
  expect(built).toEqual({ ok: false, error: "not found: x" });
});

test("a cycle does not inherit what is this service's own", () => {
  const environment = cycleEnvironment({
    inherited: { PATH: "/bin", NOTIFY_SOCKET: "/run/x", KLOROS_CRASH_AT: "dream.started", GONE: undefined },
    extra: { A: "1", KLOROS_TOPIC: "no" },
    topic: "rag",
    promotionIds: ["a@1", "b@2"],
  });
  expect(environment).toEqual({
    PATH: "/bin",
    A: "1",
    KLOROS_TOPIC: "rag",
    KLOROS_PROMOTION_IDS: "a@1\nb@2",
  });
});

test("ids beyond what an environment holds are left out", () => {
  const promotionIds = Array.from({ length: 4000 }, (_, n) => `${"x".repeat(100)}@${n}`);
  const { KLOROS_PROMOTION_IDS: text = "" } = cycleEnvironment({
    inherited: {},
    extra: {},
    topic: null,
    promotionIds,
  });
  expect(text.length).toBeLessThan(128 * 1024);
  expect(promotionIds.slice(0, 1000).join("\n")).toBe(text.split("\n").slice(0, 1000).join("\n"));
});
