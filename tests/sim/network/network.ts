/**
 * The network of one machine: who is bound where, who is connected to whom, and how badly it behaves just now.
 *
 * As libzmq does over ipc: a connection to nobody is refused, one to a stopped process waits for it; whoever dies is missed a little
 * later. As it should never do (`replay`): what a dead bus did not read comes to the next one, with a hole in it.
 */
import type { Sockets } from "@kloros/bus-client/testing";
import type { SocketType, ZmqSocket } from "@kloros/zmq";
import type { Machine } from "../machine/machine.ts";
import type { MachineProcess } from "../machine/machine_process.ts";
import type { Frames, Harm } from "./channel.ts";
import { Connection } from "./connection.ts";
import { DealerSocket } from "./dealer_socket.ts";
import { RouterSocket } from "./router_socket.ts";
import { SimSocket } from "./sim_socket.ts";

/** Until a connection stands, or is refused, µs. */
const CONNECT_US = { from: 50, to: 3000 } as const;
/** Messages, as bus and clients set it for both directions of a connection. */
const HIGH_WATER_MARK = 40_000;

interface Harmful {
  readonly kinds: readonly Harm[];
  readonly rate: number;
  readonly untilUs: number;
}

export class Network {
  /** Far below what bus and clients ask for, connections come and go without end: until `heal` at most. */
  highWaterMark = HIGH_WATER_MARK;
  /** Probability that what a dead bus did not read is replayed to the next one. */
  replay = 0;
  readonly #machine: Machine;
  readonly #bound = new Map<string, RouterSocket>();
  readonly #sockets = new Map<MachineProcess, Set<SimSocket>>();
  readonly #connections = new Map<DealerSocket, Connection>();
  #ghosts: { readonly peer: DealerSocket; readonly unread: readonly Frames[] }[] = [];
  #harmful: Harmful | undefined;
  #n = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  open(process: MachineProcess, type: SocketType): SimSocket {
    const socket =
      type === "dealer"
        ? new DealerSocket(this, process)
        : type === "router"
          ? new RouterSocket(this, process)
          : new SimSocket(type, process);
    let own = this.#sockets.get(process);
    if (own === undefined) this.#sockets.set(process, (own = new Set()));
    own.add(socket);
    return socket;
  }

  /** For a client of this process. */
  socketsOf(process: MachineProcess): Sockets {
    return {
      open: (type) => this.open(process, type),
      watch: (socket: ZmqSocket, drain) => {
        (socket as SimSocket).onReadable(drain);
      },
    };
  }

  processDied(process: MachineProcess): void {
    for (const socket of this.#sockets.get(process) ?? []) if (!socket.closed) socket.vanish();
    this.#sockets.delete(process);
  }

  // ---- faults

  /** For so long each message may be harmed. */
  misbehave(kinds: readonly Harm[], rate: number, ms: number): void {
    this.#harmful = { kinds, rate, untilUs: this.#machine.nowUs + ms * 1000 };
  }

  heal(): void {
    this.#harmful = undefined;
    this.replay = 0;
    this.highWaterMark = HIGH_WATER_MARK;
  }

  /** Cuts one of the connections of a process; false: it has none. */
  cut(process: MachineProcess): boolean {
    for (const [dealer, connection] of this.#connections) {
      if (dealer.process !== process) continue;
      this.#machine.trace("network", `connection ${String(connection.key)} is cut`);
      this.#connections.delete(dealer);
      connection.break();
      return true;
    }
    return false;
  }

  /** What happens to the message that is sent now. */
  harm(): Harm | undefined {
    const harmful = this.#harmful;
    if (harmful === undefined || this.#machine.nowUs > harmful.untilUs) return undefined;
    const { random } = this.#machine;
    return random.chance(harmful.rate) ? random.pick(harmful.kinds) : undefined;
  }

  // ---- for the sockets

  bind(router: RouterSocket, endpoint: string): void {
    this.#bound.set(endpoint, router);
    for (const { peer, unread } of this.#ghosts.splice(0)) this.#haunt(router, peer, unread);
  }

  unbind(router: RouterSocket): void {
    for (const [endpoint, bound] of this.#bound) if (bound === router) this.#bound.delete(endpoint);
  }

  connect(dealer: DealerSocket, endpoint: string): void {
    const { random } = this.#machine;
    this.#machine.after(random.between(CONNECT_US.from, CONNECT_US.to), undefined, () => {
      if (dealer.closed) return;
      const router = this.#bound.get(endpoint);
      if (router === undefined) dealer.refused();
      else this.#join(dealer, router);
    });
  }

  left(dealer: DealerSocket): void {
    this.#connections.delete(dealer);
    this.#sockets.get(dealer.process)?.delete(dealer);
  }

  routerGone(connections: readonly Connection[]): void {
    const { random } = this.#machine;
    for (const [dealer, connection] of [...this.#connections]) {
      if (!connections.includes(connection)) continue;
      this.#connections.delete(dealer);
      const unread = connection.routerGone();
      if (unread.length > 1 && random.chance(this.replay)) this.#ghosts.push({ peer: dealer, unread });
    }
  }

  #join(dealer: DealerSocket, router: RouterSocket): void {
    const connection = new Connection(this.#machine, ++this.#n, dealer, router);
    this.#machine.trace("network", `${dealer.process.instance} connects as ${String(this.#n)}`);
    this.#connections.set(dealer, connection);
    router.accepted(connection);
    dealer.established(connection);
  }

  /** Old messages of a connection come to a bus that never saw it, and some in the middle are missing. */
  #haunt(router: RouterSocket, peer: DealerSocket, unread: readonly Frames[]): void {
    const { random } = this.#machine;
    this.#machine.count("network.replay");
    const ghost = new DealerSocket(this, peer.process);
    const connection = new Connection(this.#machine, ++this.#n, ghost, router);
    router.accepted(connection);
    const from = random.below(unread.length);
    const hole = random.between(1, unread.length - from);
    for (const frames of [...unread.slice(0, from), ...unread.slice(from + hole)])
      connection.toRouter(frames, undefined);
  }
}
