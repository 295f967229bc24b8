/** What the programs of a soak share: on each line of stdin they say how they are, and they write a log as services do. */
import { latenciesOf } from "../../bench/house/statistics.ts";
import { stdinLines, tell } from "../../bench/house/stdin_lines.ts";

export interface ProgramReport {
  readonly heapMb: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Latencies since the last report. */
  readonly count: number;
}

const MIB = 1024 * 1024;

/** Latencies since the last report, ms. */
export class Reports {
  #latencies: number[] = [];

  add(latencyMs: number): void {
    this.#latencies.push(latencyMs);
  }

  /** Until stdin ends. `told`: what else a line may ask. */
  async serve(told: (line: string) => void = () => undefined): Promise<void> {
    for await (const line of stdinLines()) {
      if (line === "report") this.#tell();
      else told(line);
    }
  }

  #tell(): void {
    const { p50, p99, max, count } = latenciesOf(this.#latencies);
    this.#latencies = [];
    const report: ProgramReport = { heapMb: process.memoryUsage().heapUsed / MIB, p50, p99, max, count };
    tell("report", report);
  }
}

export function log(service: string, fields: object): void {
  process.stdout.write(
    `${JSON.stringify({ level: "info", time: new Date().toISOString(), service, ...fields })}\n`,
  );
}
