/** What a consumer saw: which signals it settled and how often, in which order they first came, and how long they took. */
import type { Delivery, SettledEvent } from "@kloros/bus-client";
import { latenciesOf, sharedNowMs } from "../../bench/house/statistics.ts";
import { tell } from "../../bench/house/stdin_lines.ts";
import { readNumbered } from "./numbered_signal.ts";

export interface DeliveryFigures {
  /** Signals that were settled as done, and those of them more than once. */
  readonly done: number;
  readonly doubled: number;
  /** Handled, and then told that the lease was lost: given again, settled once. */
  readonly gone: number;
  /** First sights of a signal behind a later one of its lane. */
  readonly disorder: number;
  readonly peakMb: number;
  /** Publish → handler since the last figures, ms. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class Deliveries {
  readonly #done: Uint8Array;
  readonly #seen: Uint8Array;
  readonly #last = { urgent: 0, normal: 0 };
  #latencies: number[] = [];
  #settled = 0;
  #doubled = 0;
  #gone = 0;
  #disorder = 0;
  #target = Infinity;

  constructor(signalsMax: number) {
    this.#done = new Uint8Array(signalsMax);
    this.#seen = new Uint8Array(signalsMax);
  }

  came({ signal, seq }: Delivery): void {
    const { index, madeAt, urgent } = readNumbered(signal);
    if (this.#seen[index] === 1) return;
    this.#seen[index] = 1;
    this.#latencies.push(sharedNowMs() - madeAt);
    const lane = urgent ? "urgent" : "normal";
    if (seq < this.#last[lane]) this.#disorder++;
    this.#last[lane] = Math.max(seq, this.#last[lane]);
  }

  settled({ delivery, outcome }: SettledEvent): void {
    if (outcome === "gone" || outcome === "release") {
      this.#gone++;
      return;
    }
    if (outcome !== "done") throw new Error(`a delivery ended as ${outcome}`);
    const { index } = readNumbered(delivery.signal);
    const times = (this.#done[index] ?? 0) + 1;
    this.#done[index] = times;
    if (times === 1) this.#settled++;
    else this.#doubled++;
    this.#check();
  }

  /** A number: tell when so many are done; `figures`: tell them. */
  told(line: string): void {
    if (line === "figures") this.#tell();
    else this.#target = Number(line);
    this.#check();
  }

  #tell(): void {
    const { p50, p99, max } = latenciesOf(this.#latencies);
    this.#latencies = [];
    const peakMb = process.resourceUsage().maxRSS / 1024;
    const figures: DeliveryFigures = {
      done: this.#settled,
      doubled: this.#doubled,
      gone: this.#gone,
      disorder: this.#disorder,
      peakMb,
      p50,
      p99,
      max,
    };
    tell("figures", figures);
  }

  #check(): void {
    if (this.#settled < this.#target) return;
    this.#target = Infinity;
    tell("settled", { at: sharedNowMs() });
  }
}
