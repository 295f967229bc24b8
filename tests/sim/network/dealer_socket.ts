import type { SendResult } from "@kloros/zmq";
import type { MachineProcess } from "../machine/machine_process.ts";
import type { ChannelEnd, Frames } from "./channel.ts";
import type { Connection } from "./connection.ts";
import type { Network } from "./network.ts";
import { copyFrames, SimSocket } from "./sim_socket.ts";

/** The client's socket: one connection, never a second one. What is sent before it stands waits for it. */
export class DealerSocket extends SimSocket {
  readonly #network: Network;
  readonly #early: Frames[] = [];
  #connection: Connection | undefined;
  #lost = false;

  constructor(network: Network, process: MachineProcess) {
    super("dealer", process);
    this.#network = network;
  }

  /** As the kernel says: user 0, group 0, this process. */
  get peerAddress(): string {
    return `localhost:0:0:${String(this.process.pid)}`;
  }

  get end(): ChannelEnd {
    return {
      waiting: this.inbox.length,
      arrive: (frames) => {
        this.take({ frames, peerAddress: "" });
      },
    };
  }

  override connect(endpoint: string): void {
    this.#network.connect(this, endpoint);
  }

  override send(frames: readonly (Uint8Array | string)[]): SendResult {
    if (!this.process.alive || this.#lost) return "sent";
    if (this.#connection === undefined) {
      if (this.#early.length >= this.#network.highWaterMark) return "full";
      this.#early.push(copyFrames(frames));
      return "sent";
    }
    const sent = this.#connection.toRouter(copyFrames(frames), this.#network.harm());
    if (!sent) this.process.machine.count("network.full");
    return sent ? "sent" : "full";
  }

  override close(): void {
    if (this.closed) return;
    super.close();
    this.#leave();
  }

  override vanish(): void {
    super.vanish();
    this.#leave();
  }

  // ---- for the network

  established(connection: Connection): void {
    this.#connection = connection;
    this.tell("handshakeSucceeded", 0);
    for (const frames of this.#early.splice(0)) connection.toRouter(frames, this.#network.harm());
  }

  refused(): void {
    this.#lost = true;
    this.tell("closed", 0);
  }

  lost(): void {
    this.#lost = true;
    this.#connection = undefined;
    this.tell("disconnected", 0);
  }

  #leave(): void {
    this.#network.left(this);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.dealerGone();
  }
}
