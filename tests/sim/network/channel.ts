/**
 * One direction of a connection: messages arrive in order, each a while after it was sent, never before the one ahead of it. As
 * it should never behave, it also loses, doubles and swaps some: the numbering of the protocol has to notice.
 */
import type { Machine } from "../machine/machine.ts";
import type { Owner, PlannedEvent } from "../machine/event_queue.ts";

export type Frames = readonly Uint8Array[];
export type Harm = "drop" | "double" | "swap" | "delay";

export interface ChannelEnd {
  /** Messages that wait to be read; undefined: nobody can any more. */
  readonly waiting: number | undefined;
  arrive(frames: Frames): void;
}

/** What an ipc hop takes, µs. */
const DELAY_US = { from: 20, to: 400 } as const;
const STORM_US = { from: 1000, to: 900_000 } as const;

interface UnderWay {
  readonly frames: Frames;
  readonly event: PlannedEvent;
}

export class Channel {
  readonly #machine: Machine;
  readonly #name: string;
  readonly #receiver: () => ChannelEnd | undefined;
  readonly #underWay: UnderWay[] = [];
  #lastArrival = 0;
  #held: Frames | undefined;

  constructor(machine: Machine, name: string, receiver: () => ChannelEnd | undefined) {
    this.#machine = machine;
    this.#name = name;
    this.#receiver = receiver;
  }

  /** Messages on their way and unread. */
  get load(): number {
    return this.#underWay.length + (this.#receiver()?.waiting ?? 0);
  }

  get lastArrivalUs(): number {
    return this.#lastArrival;
  }

  send(frames: Frames, harm?: Harm): void {
    const machine = this.#machine;
    machine.trace(this.#name, `${harm === undefined ? "" : `${harm} `}${digest(frames)}`);
    if (harm !== undefined) machine.count(`network.${harm}`);
    if (harm === "drop") return;
    if (harm === "swap" && this.#held === undefined) {
      this.#held = frames;
      return;
    }
    this.#carry(frames, harm === "delay");
    if (harm === "double") this.#carry(frames, false);
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#carry(held, false);
  }

  /** The connection broke: some of what was sent first still arrives, the rest never. Gives what does not. */
  cut(): Frames[] {
    const kept = this.#machine.random.below(this.#underWay.length + 1);
    const lost = this.#underWay.splice(kept);
    for (const { event } of lost) event.cancelled = true;
    this.#lastArrival = this.#underWay.at(-1)?.event.at ?? this.#machine.nowUs;
    const held = this.#held === undefined ? [] : [this.#held];
    this.#held = undefined;
    return [...lost.map(({ frames }) => frames), ...held];
  }

  #carry(frames: Frames, storm: boolean): void {
    const machine = this.#machine;
    const { from, to } = storm ? STORM_US : DELAY_US;
    const at = Math.max(this.#lastArrival + 1, machine.nowUs + machine.random.between(from, to));
    this.#lastArrival = at;
    // The kernel's doing: it goes on while the receiver stands still.
    const event = machine.after(at - machine.nowUs, KERNEL, () => {
      this.#underWay.shift();
      this.#receiver()?.arrive(frames);
    });
    this.#underWay.push({ frames, event });
  }
}

const KERNEL: Owner = { salt: 0x5eed };

/** The beginning of the head tells what it is. */
function digest(frames: Frames): string {
  let hash = 0n;
  let bytes = 0;
  for (const frame of frames) {
    hash = Bun.hash(frame, hash);
    bytes += frame.byteLength;
  }
  const [head] = frames;
  const start =
    head === undefined
      ? ""
      : Buffer.from(head.buffer, head.byteOffset, head.byteLength).subarray(0, 100).toString("latin1");
  return `${String(bytes)} bytes ${hash.toString(16)} ${start}`;
}
