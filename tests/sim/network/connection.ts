/**
 * A DEALER and the ROUTER that it is connected to. When either side goes away the other is told a little later; what was under
 * way may arrive in part, from the front.
 */
import type { Machine } from "../machine/machine.ts";
import { Channel, type Frames, type Harm } from "./channel.ts";
import type { DealerSocket } from "./dealer_socket.ts";
import type { RouterSocket } from "./router_socket.ts";

/** libzmq's monitor tells of a lost peer in about 2 ms. */
const NEWS_US = { from: 100, to: 6000 } as const;

export class Connection {
  readonly routingId: Uint8Array;
  readonly #machine: Machine;
  readonly #toRouter: Channel;
  readonly #toDealer: Channel;
  #dealer: DealerSocket | undefined;
  #router: RouterSocket | undefined;
  #n: number;

  constructor(machine: Machine, n: number, dealer: DealerSocket, router: RouterSocket) {
    this.#machine = machine;
    this.#n = n;
    this.#dealer = dealer;
    this.#router = router;
    this.routingId = new Uint8Array([0, n >>> 24, n >>> 16, n >>> 8, n]);
    const who = `${dealer.process.name} #${String(n)}`;
    const { peerAddress } = dealer;
    this.#toRouter = new Channel(machine, `${who} >`, () => this.#router?.endOf(this, peerAddress));
    this.#toDealer = new Channel(machine, `${who} <`, () => this.#dealer?.end);
  }

  get key(): number {
    return this.#n;
  }

  /** False: no room. */
  toRouter(frames: Frames, harm: Harm | undefined): boolean {
    if (this.#toRouter.load >= this.#machine.network.highWaterMark) return false;
    this.#toRouter.send(frames, harm);
    return true;
  }

  toDealer(frames: Frames, harm: Harm | undefined): boolean {
    if (this.#toDealer.load >= this.#machine.network.highWaterMark) return false;
    this.#toDealer.send(frames, harm);
    return true;
  }

  /** The client's end is no more: closed, or its process died. */
  dealerGone(): void {
    this.#dealer = undefined;
    this.#toDealer.cut();
    this.#toRouter.cut();
    this.#tellRouter();
  }

  /** The bus's end is no more. Gives what nobody read. */
  routerGone(): Frames[] {
    const unread = this.#router?.unreadOf(this) ?? [];
    this.#router = undefined;
    unread.push(...this.#toRouter.cut());
    this.#toDealer.cut();
    this.#tellDealer();
    return unread;
  }

  /** Both live on without each other. */
  break(): void {
    this.#toRouter.cut();
    this.#toDealer.cut();
    this.#tellRouter();
    this.#tellDealer();
  }

  #tellRouter(): void {
    const router = this.#router;
    if (router === undefined) return;
    const wait = this.#after(this.#toRouter);
    this.#machine.after(wait, undefined, () => {
      if (this.#router !== router) return;
      this.#router = undefined;
      router.lost(this);
    });
  }

  #tellDealer(): void {
    const dealer = this.#dealer;
    if (dealer === undefined) return;
    const wait = this.#after(this.#toDealer);
    this.#machine.after(wait, undefined, () => {
      if (this.#dealer !== dealer) return;
      this.#dealer = undefined;
      dealer.lost();
    });
  }

  /** The news does not overtake what arrives. */
  #after(channel: Channel): number {
    const news = this.#machine.random.between(NEWS_US.from, NEWS_US.to);
    return Math.max(0, channel.lastArrivalUs - this.#machine.nowUs) + news;
  }
}
