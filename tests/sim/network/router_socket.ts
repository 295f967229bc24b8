import type { SendResult } from "@kloros/zmq";
import type { MachineProcess } from "../machine/machine_process.ts";
import type { ChannelEnd, Frames } from "./channel.ts";
import type { Connection } from "./connection.ts";
import type { Network } from "./network.ts";
import { copyFrames, SimSocket } from "./sim_socket.ts";

interface Peer {
  readonly connection: Connection;
  unread: Frames[];
}

/** The bus's socket. */
export class RouterSocket extends SimSocket {
  readonly #network: Network;
  readonly #peers = new Map<number, Peer>();
  /** Gets each message before it goes out. */
  onSend: ((frames: Frames) => void) | undefined;

  constructor(network: Network, process: MachineProcess) {
    super("router", process);
    this.#network = network;
  }

  override bind(endpoint: string): string {
    this.#network.bind(this, endpoint);
    return endpoint;
  }

  override receive(): ReturnType<SimSocket["receive"]> {
    const message = super.receive();
    const key = message === undefined ? undefined : keyOf(message.frames[0]);
    if (key !== undefined) this.#peers.get(key)?.unread.shift();
    return message;
  }

  override send([routingId, ...frames]: readonly (Uint8Array | string)[]): SendResult {
    if (!this.process.alive) return "sent";
    const peer = this.#peers.get(keyOf(routingId));
    if (peer === undefined) return "unroutable";
    const copies = copyFrames(frames);
    this.onSend?.(copies);
    const sent = peer.connection.toDealer(copies, this.#network.harm());
    if (!sent) this.process.machine.count("network.full");
    return sent ? "sent" : "full";
  }

  override close(): void {
    if (this.closed) return;
    super.close();
    this.#leave();
  }

  override vanish(): void {
    this.#leave();
    super.vanish();
  }

  // ---- for the network

  accepted(connection: Connection): void {
    this.#peers.set(connection.key, { connection, unread: [] });
    this.tell("accepted", 0);
  }

  endOf(connection: Connection, peerAddress: string): ChannelEnd | undefined {
    const peer = this.#peers.get(connection.key);
    if (peer === undefined) return undefined;
    return {
      waiting: peer.unread.length,
      arrive: (frames) => {
        peer.unread.push(frames);
        this.take({ frames: [connection.routingId, ...frames], peerAddress });
      },
    };
  }

  unreadOf(connection: Connection): Frames[] {
    return [...(this.#peers.get(connection.key)?.unread ?? [])];
  }

  /** What it said before can still be read. */
  lost(connection: Connection): void {
    this.#peers.delete(connection.key);
    this.tell("disconnected", 0);
  }

  #leave(): void {
    this.#network.unbind(this);
    const peers = [...this.#peers.values()];
    this.#network.routerGone(peers.map(({ connection }) => connection));
    this.#peers.clear();
  }
}

const keyOf = (routingId: Uint8Array | string | undefined): number =>
  typeof routingId === "object" && routingId.length === 5
    ? new DataView(routingId.buffer, routingId.byteOffset).getUint32(1)
    : -1;
