/** Simulated sockets: what of libzmq's behaviour the bus and its clients rely on, over the simulated network. */
import type { MonitorEvent, ReceivedMessage, SendResult, SocketType, ZmqSocket } from "@kloros/zmq";
import type { MachineProcess } from "../machine/machine_process.ts";
import type { Frames } from "./channel.ts";

const encoder = new TextEncoder();

/** What was handed over is the network's: the sender may use its buffers again. */
export function copyFrames(frames: readonly (Uint8Array | string)[]): Frames {
  return frames.map((frame) => (typeof frame === "string" ? encoder.encode(frame) : frame.slice()));
}

interface Received {
  readonly frames: Frames;
  readonly peerAddress: string;
}

/** What all types share. By itself it is one that nothing ever comes to, like that of a feed without subscribers. */
export class SimSocket implements ZmqSocket {
  readonly type: SocketType;
  readonly process: MachineProcess;
  protected readonly inbox: Received[] = [];
  #onReadable: (() => void) | undefined;
  #onMonitor: ((event: MonitorEvent) => void) | undefined;
  #woken = false;
  #closed = false;

  constructor(type: SocketType, process: MachineProcess) {
    this.type = type;
    this.process = process;
  }

  get closed(): boolean {
    return this.#closed;
  }

  bind(endpoint: string): string {
    return endpoint;
  }
  unbind(): void {
    throw new Error("unbind: not simulated");
  }
  connect(_endpoint: string): void {
    this.tell("handshakeSucceeded", 0);
  }
  disconnect(): void {
    throw new Error("disconnect: not simulated");
  }
  subscribe(): void {
    // Nothing is ever announced here.
  }
  unsubscribe(): void {
    // As above.
  }

  send(_frames: readonly (Uint8Array | string)[]): SendResult {
    return "sent";
  }

  receive(): ReceivedMessage | undefined {
    const next = this.inbox.shift();
    return next === undefined ? undefined : { ...next, userId: "" };
  }

  monitor(onEvent: (event: MonitorEvent) => void): void {
    this.#onMonitor = onEvent;
  }

  close(): void {
    this.#closed = true;
    this.inbox.length = 0;
  }

  // ---- for the network

  get readable(): boolean {
    return this.inbox.length > 0;
  }

  onReadable(task: () => void): void {
    this.#onReadable = task;
    this.wake();
  }

  /** Its process died. */
  vanish(): void {
    this.#closed = true;
    this.inbox.length = 0;
  }

  protected take(received: Received): void {
    if (this.#closed) return;
    this.inbox.push(received);
    this.wake();
  }

  /** The process is told once, however much there is. */
  protected wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    this.process.soon(() => {
      this.#woken = false;
      if (!this.#closed) this.#onReadable?.();
    });
  }

  /** By the socket's monitor, beside what arrives in it. */
  tell(event: MonitorEvent["event"], delayUs: number): void {
    this.process.after(delayUs, () => {
      if (this.#closed) return;
      this.#onMonitor?.({ event, value: 0, endpoint: "" });
      this.wake();
    });
  }
}
