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
  readonly #reader = new ReplyReader();
  readonly #waiting: ((reply: Reply) => void)[] = [];
  #head = 0;
  #output: string[] = [];
  #unsent = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(unix: string): Promise<RespConnection> {
    const opened: { connection?: RespConnection } = {};
    const socket = await Bun.connect({
      unix,
      socket: {
        data: (_socket, data) => opened.connection?.receive(data),
        drain: () => opened.connection?.flush(),
      },
    });
    opened.connection = new RespConnection(socket);
    return opened.connection;
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
    this.#reader.add(data);
    for (let reply = this.#reader.next(); reply !== undefined; reply = this.#reader.next()) this.#take(reply);
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

interface OpenList {
  readonly items: Reply[];
  left: number;
}

/** Cuts replies out of what arrives; goes on where it stopped, so that a long reply in many pieces is read once. */
class ReplyReader {
  #bytes = Buffer.alloc(0);
  #at = 0;
  readonly #open: OpenList[] = [];

  add(data: Uint8Array): void {
    const rest = this.#bytes.subarray(this.#at);
    this.#bytes = rest.length === 0 ? Buffer.from(data) : Buffer.concat([rest, data]);
    this.#at = 0;
  }

  /** The next whole reply; undefined: not here yet. */
  next(): Reply | undefined {
    for (;;) {
      const reply = this.#token();
      if (reply === undefined) return undefined;
      const whole = this.#close(reply);
      if (whole !== undefined) return whole;
    }
  }

  /** Puts a reply where it belongs: into the innermost open list, which may thereby be whole. */
  #close(reply: Reply | OpenList): Reply | undefined {
    let value = reply;
    for (;;) {
      if (isOpen(value)) {
        if (value.left > 0) {
          this.#open.push(value);
          return undefined;
        }
        value = value.items;
      }
      const list = this.#open.at(-1);
      if (list === undefined) return value;
      list.items.push(value);
      if (--list.left > 0) return undefined;
      this.#open.pop();
      value = list.items;
    }
  }

  #token(): Reply | OpenList | undefined {
    const type = this.#bytes[this.#at];
    const end = this.#bytes.indexOf(CR, this.#at);
    if (type === undefined || end < 0 || end + 1 >= this.#bytes.length) return undefined;
    const from = this.#at + 1;
    if (type === DOLLAR) return this.#bulk(end + 2, this.#number(from, end));
    this.#at = end + 2;
    if (type === COLON) return this.#number(from, end);
    if (type === STAR) {
      const left = this.#number(from, end);
      return left < 0 ? null : { items: [], left };
    }
    const line = this.#bytes.toString("latin1", from, end);
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

  #bulk(from: number, length: number): Reply | undefined {
    const end = length < 0 ? from : from + length + 2;
    if (end > this.#bytes.length) return undefined;
    this.#at = end;
    return length < 0 ? null : this.#bytes.toString("latin1", from, end - 2);
  }
}

function isOpen(value: Reply | OpenList): value is OpenList {
  return typeof value === "object" && value !== null && "left" in value;
}
