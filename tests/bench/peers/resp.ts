/**
 * Redis's protocol (RESP2) as far as the benchmarks speak it: requests are written together, replies come in order.
 *
 * Written here because it has to be as fast as the peer deserves: requests of one turn leave in one write, replies are cut out of
 * the buffer without a string for each line.
 */
import type { Socket } from "bun";

export type Reply = string | number | null | readonly Reply[] | Error;

const CR = 13;
const [PLUS, MINUS, COLON, DOLLAR, STAR] = [43, 45, 58, 36, 42];

export class RespConnection {
  readonly #socket: Socket;
  readonly #waiting: ((reply: Reply) => void)[] = [];
  #head = 0;
  #output: string[] = [];
  #unsent = Buffer.alloc(0);
  #input = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(unix: string): Promise<RespConnection> {
    let connection: RespConnection | undefined;
    const socket = await Bun.connect({
      unix,
      socket: {
        data: (_socket, data) => connection?.receive(data),
        drain: () => connection?.flush(),
      },
    });
    connection = new RespConnection(socket);
    return connection;
  }

  /** Queued until `flush`. */
  send(args: readonly string[], onReply: (reply: Reply) => void): void {
    this.#output.push(encodeRequest(args));
    this.#waiting.push(onReply);
  }

  ask(args: readonly string[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.send(args, (reply) => {
        if (reply instanceof Error) reject(reply);
        else resolve(reply);
      });
      this.flush();
    });
  }

  flush(): void {
    const output = this.#output.length > 0 ? Buffer.from(this.#output.join("")) : undefined;
    this.#output = [];
    if (output !== undefined) {
      this.#unsent = this.#unsent.length === 0 ? output : Buffer.concat([this.#unsent, output]);
    }
    if (this.#unsent.length === 0) return;
    const written = this.#socket.write(this.#unsent);
    this.#unsent = this.#unsent.subarray(Math.max(0, written));
  }

  close(): void {
    this.#socket.end();
  }

  receive(data: Uint8Array): void {
    this.#input = this.#input.length === 0 ? Buffer.from(data) : Buffer.concat([this.#input, data]);
    const reader = new ReplyReader(this.#input);
    let used = 0;
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) {
      used = reader.at;
      this.#take(reply);
    }
    this.#input = this.#input.subarray(used);
  }

  #take(reply: Reply): void {
    const onReply = this.#waiting[this.#head++];
    if (this.#head > 4096) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    onReply?.(reply);
  }
}

function encodeRequest(args: readonly string[]): string {
  let text = `*${String(args.length)}\r\n`;
  // What the benchmarks send is ASCII: characters are bytes.
  for (const arg of args) text += `$${String(arg.length)}\r\n${arg}\r\n`;
  return text;
}

/** Whole replies from the front of a buffer. */
class ReplyReader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Undefined: the next one is not complete; `at` is of no meaning then. */
  next(): Reply | undefined {
    const type = this.#bytes[this.at];
    const end = this.#bytes.indexOf(CR, this.at);
    if (type === undefined || end < 0 || end + 1 >= this.#bytes.length) return undefined;
    const from = this.at + 1;
    this.at = end + 2;
    if (type === COLON) return this.#number(from, end);
    if (type === DOLLAR) return this.#bulk(this.#number(from, end));
    if (type === STAR) return this.#list(this.#number(from, end));
    const line = this.#bytes.latin1Slice(from, end);
    if (type === PLUS) return line;
    if (type === MINUS) return new Error(`redis: ${line}`);
    throw new Error(`redis: reply of unknown type ${String(type)}`);
  }

  #number(from: number, end: number): number {
    let value = 0;
    for (let at = from; at < end; at++) {
      const digit = this.#bytes[at] ?? 0;
      if (digit === 45) return -1;
      value = value * 10 + digit - 48;
    }
    return value;
  }

  #bulk(length: number): Reply | undefined {
    if (length < 0) return null;
    const end = this.at + length;
    if (end + 2 > this.#bytes.length) return undefined;
    const text = this.#bytes.latin1Slice(this.at, end);
    this.at = end + 2;
    return text;
  }

  #list(length: number): Reply | undefined {
    if (length < 0) return null;
    const items: Reply[] = [];
    for (let index = 0; index < length; index++) {
      const item = this.next();
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }
}
