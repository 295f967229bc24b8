/** Starts the sample service as a child and gathers what it says. */
import { join } from "node:path";

export interface SampleProcess {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<number>;
  kill(signal: "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
}

const SAMPLE = join(import.meta.dir, "sample_service.ts");

export interface SampleOptions {
  /** How it behaves, see sample_service.ts. */
  readonly how?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A compiled program instead of the source. */
  readonly program?: readonly string[];
}

const running = new Set<SampleProcess>();

/** In a clean environment, so that what surrounds the test has no say. */
export function startSample(args: readonly string[], options: SampleOptions = {}): SampleProcess {
  const command = options.program ?? [process.execPath, SAMPLE];
  const child = Bun.spawn([...command, ...args], {
    env: { PATH: process.env["PATH"] ?? "", SAMPLE: options.how ?? "", ...options.env },
    stdout: "pipe",
    stderr: "pipe",
  });
  let stdout = "";
  let stderr = "";
  const reading = [
    gather(child.stdout, (text) => (stdout += text)),
    gather(child.stderr, (text) => (stderr += text)),
  ];
  const sample: SampleProcess = {
    pid: child.pid,
    stdout: () => stdout,
    stderr: () => stderr,
    exited: child.exited.then(async (code) => {
      await Promise.all(reading);
      running.delete(sample);
      return code;
    }),
    kill: (signal) => {
      child.kill(signal);
    },
  };
  running.add(sample);
  return sample;
}

/** Ends what a failed test left running. */
export async function endSamples(): Promise<void> {
  for (const sample of running) sample.kill("SIGKILL");
  await Promise.all([...running].map((sample) => sample.exited));
}

async function gather(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}
