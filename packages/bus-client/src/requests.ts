/** The requests of a link that wait for their answer, in the order they were made. */
import { RetryableError } from "./errors.ts";
import type { BusIncoming, ClientOutgoing } from "./protocol.ts";

export interface Request {
  readonly ref: number;
  readonly message: ClientOutgoing;
  /** Consumer of a COMMIT, PLAN or ATTACH. */
  readonly consumer: string | undefined;
  sent: boolean;
  readonly resolve: (answer: BusIncoming) => void;
  readonly reject: (error: Error) => void;
}

/** Far above what the windows and leases of a process allow; reaching it means that someone calls without bound. */
const REQUESTS_MAX = 20_000;

export class Requests {
  readonly #open = new Map<number, Request>();
  #ref = 0;

  make(
    build: (ref: number) => ClientOutgoing,
    consumer?: string,
  ): { request: Request; answer: Promise<BusIncoming> } {
    if (this.#open.size >= REQUESTS_MAX) {
      throw new RetryableError(
        "busy",
        `${String(REQUESTS_MAX)} requests wait for the bus: wait for their answers`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<BusIncoming>();
    const ref = ++this.#ref;
    const request: Request = { ref, message: build(ref), consumer, sent: false, resolve, reject };
    this.#open.set(ref, request);
    return { request, answer: promise };
  }

  /** An answer to a request that nobody waits for any more is ignored. */
  answer(ref: number, message: BusIncoming): void {
    const request = this.#open.get(ref);
    if (request === undefined || !this.#open.delete(ref)) return;
    request.resolve(message);
  }

  drop(request: Request, error: Error): void {
    if (this.#open.delete(request.ref)) request.reject(error);
  }

  rejectAll(error: Error): void {
    for (const request of [...this.#open.values()]) this.drop(request, error);
  }

  /** The connection ended. What may not be said twice is rejected, the rest stays to be said again. */
  sessionEnded(why: string): void {
    for (const request of [...this.#open.values()]) {
      if (!request.sent) continue;
      request.sent = false;
      if (request.message.verb !== "ADMIN") continue;
      this.drop(
        request,
        new RetryableError(
          "unanswered",
          `${request.message.fields.op} was sent, but the bus went away before it answered (${why}): look whether it was done`,
        ),
      );
    }
  }

  /** What to say in a new session and was not yet: outcomes of leases first, then publishes in their order, then the rest. */
  toResend(): Request[] {
    const rank = ({ message }: Request): number =>
      message.verb === "COMMIT" || message.verb === "PLAN" ? 0 : message.verb === "PUB" ? 1 : 2;
    const unsaid = [...this.#open.values()].filter(({ sent }) => !sent);
    return unsaid.sort((a, b) => rank(a) - rank(b) || a.ref - b.ref);
  }
}
