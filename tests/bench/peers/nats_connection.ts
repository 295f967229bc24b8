/** The NATS client protocol as far as the benchmarks speak it: publish, subscribe, request; many requests in one write. */
import type { Socket } from "bun";

type OnMessage = (subject: string, payload: string, reply: string) => void;

const INBOX = `_INBOX.${crypto.randomUUID().replaceAll("-", "")}`;

export class NatsConnection {
  readonly #socket: Socket;
  readonly #subscriptions = new Map<string, OnMessage>();
  readonly #requests = new Map<string, (payload: string) => void>();
  #nextRequest = 0;
  #nextSid = 0;
  #output: string[] = [];
  #unsent = Buffer.alloc(0);
  #input = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(port: number): Promise<NatsConnection> {
    const holder: { connection?: NatsConnection } = {};
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, data) => holder.connection?.receive(data),
        drain: () => holder.connection?.flush(),
      },
    });
    const opened = new NatsConnection(socket);
    holder.connection = opened;
    opened.#write('CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1"}\r\n');
    opened.subscribe(`${INBOX}.*`, (subject, payload) => {
      opened.#answer(subject, payload);
    });
    opened.flush();
    return opened;
  }

  subscribe(subject: string, onMessage: OnMessage): void {
    const sid = String(++this.#nextSid);
    this.#subscriptions.set(sid, onMessage);
    this.#write(`SUB ${subject} ${sid}\r\n`);
  }

  /** What is published is ASCII: characters are bytes. Queued until `flush`. */
  publish(subject: string, payload: string, reply = ""): void {
    this.#write(
      `PUB ${subject} ${reply}${reply === "" ? "" : " "}${String(payload.length)}\r\n${payload}\r\n`,
    );
  }

  /** Queued until `flush`. */
  request(subject: string, payload: string, onAnswer: (payload: string) => void): void {
    const inbox = `${INBOX}.${String(++this.#nextRequest)}`;
    this.#requests.set(inbox, onAnswer);
    this.publish(subject, payload, inbox);
  }

  /** An answer of JetStream's API. Rejects when it is an error. */
  ask(subject: string, body: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.request(subject, JSON.stringify(body), (payload) => {
        const { error } = JSON.parse(payload) as { error?: { description: string } };
        if (error === undefined) resolve();
        else reject(new Error(`nats: ${subject}: ${error.description}`));
      });
      this.flush();
    });
  }

  flush(): void {
    if (this.#output.length > 0) {
      const output = Buffer.from(this.#output.join(""));
      this.#output = [];
      this.#unsent = this.#unsent.length === 0 ? output : Buffer.concat([this.#unsent, output]);
    }
    if (this.#unsent.length === 0) return;
    const written = this.#socket.write(this.#unsent);
    this.#unsent = this.#unsent.subarray(Math.max(0, written));
  }

  receive(data: Uint8Array): void {
    this.#input = this.#input.length === 0 ? Buffer.from(data) : Buffer.concat([this.#input, data]);
    let at = 0;
    for (let next = this.#take(at); next !== undefined; next = this.#take(at)) at = next;
    this.#input = this.#input.subarray(at);
  }

  /** One operation from `at` on; where the next one begins, or undefined when it is not complete. */
  #take(at: number): number | undefined {
    const end = this.#input.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const line = this.#input.toString("latin1", at, end);
    if (line.startsWith("MSG ")) return this.#message(line.split(" "), end + 2);
    if (line === "PING") {
      this.#write("PONG\r\n");
      this.flush();
    } else if (line.startsWith("-ERR")) throw new Error(`nats: ${line}`);
    return end + 2;
  }

  /** `MSG <subject> <sid> [reply] <bytes>` */
  #message(words: readonly string[], from: number): number | undefined {
    const to = from + Number(words.at(-1));
    if (to + 2 > this.#input.length) return undefined;
    const [, subject = "", sid = ""] = words;
    const reply = words.length === 5 ? (words[3] ?? "") : "";
    this.#subscriptions.get(sid)?.(subject, this.#input.toString("latin1", from, to), reply);
    return to + 2;
  }

  #answer(inbox: string, payload: string): void {
    const onAnswer = this.#requests.get(inbox);
    this.#requests.delete(inbox);
    onAnswer?.(payload);
  }

  #write(text: string): void {
    this.#output.push(text);
  }
}
