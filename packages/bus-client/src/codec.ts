/** Frames ↔ messages. Whatever does not fit throws `ProtocolError`, nothing else: it is fuzzed. */
import type { TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import {
  BUS_VERBS,
  type BusIncoming,
  type BusOutgoing,
  CLIENT_VERBS,
  type ClientIncoming,
  type ClientOutgoing,
  PROTOCOL_LIMITS,
  PROTOCOL_VERSION,
  ProtocolError,
} from "./protocol.ts";

/** Session and number of a message, known when it is sent. */
export interface Head {
  readonly session: string;
  readonly n: number;
}

/** Frames of a message, without routing id. */
export function encodeMessage(message: ClientOutgoing | BusOutgoing, head: Head): string[] {
  const meta = JSON.stringify({
    v: PROTOCOL_VERSION,
    verb: message.verb,
    session: head.session,
    n: head.n,
    ...message.fields,
  });
  return message.payload === undefined ? [meta] : [meta, message.payload];
}

export const decodeClientMessage = (frames: readonly Uint8Array[]): ClientIncoming =>
  decode(frames, clientChecks) as unknown as ClientIncoming;

export const decodeBusMessage = (frames: readonly Uint8Array[]): BusIncoming =>
  decode(frames, busChecks) as unknown as BusIncoming;

/**
 * Why the bus would not take this message; undefined: it will. Asked before it is sent: one that ends the session would be sent again
 * in the next one, for ever.
 */
export function refuseOutgoing(message: ClientOutgoing): string | undefined {
  const check = clientChecks.get(message.verb);
  if (check?.Check(message.fields) !== true) {
    const first = check?.Errors(message.fields).First();
    return `${message.verb}${first?.path ?? ""}: ${first?.message ?? "unknown verb"}`;
  }
  if (message.verb === "ADMIN" && JSON.stringify(message.fields).length > PROTOCOL_LIMITS.metaBytesMax / 2) {
    return `${message.fields.op}: the request has more than ${String(PROTOCOL_LIMITS.metaBytesMax / 2)} characters`;
  }
  return undefined;
}

type Checks = ReadonlyMap<string, TypeCheck<TSchema>>;
const compile = (verbs: Readonly<Record<string, TSchema>>): Checks =>
  new Map(Object.entries(verbs).map(([verb, schema]) => [verb, TypeCompiler.Compile(schema)]));
const clientChecks = compile(CLIENT_VERBS);
const busChecks = compile(BUS_VERBS);

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

interface Decoded {
  readonly verb: string;
  readonly session: string;
  readonly n: number;
  readonly fields: object;
  readonly payload: string;
}

function decode(frames: readonly Uint8Array[], checks: Checks): Decoded {
  const [head, body, ...rest] = frames;
  if (head === undefined || rest.length > 0) {
    throw new ProtocolError(`a message has one or two frames, got ${String(frames.length)}`);
  }
  const meta = parseMeta(textOf(head, PROTOCOL_LIMITS.metaBytesMax, "meta"));
  const { v, verb, session, n } = meta;
  if (v !== PROTOCOL_VERSION) throw new ProtocolError(`protocol version ${short(v)} is not spoken here`);
  if (typeof session !== "string" || session.length > 200) throw new ProtocolError("session is not a string");
  if (typeof n !== "number" || !Number.isSafeInteger(n) || n < 1)
    throw new ProtocolError("n is not a number");
  const check = typeof verb === "string" ? checks.get(verb) : undefined;
  if (check === undefined) throw new ProtocolError(`unknown verb ${short(verb)}`);
  if (!check.Check(meta)) {
    const first = check.Errors(meta).First();
    throw new ProtocolError(`${short(verb)}${first === undefined ? "" : `${first.path}: ${first.message}`}`);
  }
  const payload = body === undefined ? "" : textOf(body, PROTOCOL_LIMITS.payloadBytesMax, "payload");
  return { verb: String(verb), session, n, fields: meta, payload };
}

function textOf(frame: Uint8Array, bytesMax: number, what: string): string {
  if (frame.byteLength > bytesMax) {
    throw new ProtocolError(
      `${what} of ${String(frame.byteLength)} bytes is over the limit of ${String(bytesMax)}`,
    );
  }
  try {
    return decoder.decode(frame);
  } catch {
    throw new ProtocolError(`${what} is not UTF-8`);
  }
}

function parseMeta(
  metaText: string,
): Record<string, unknown> & { v?: unknown; verb?: unknown; session?: unknown; n?: unknown } {
  let meta: unknown;
  try {
    meta = JSON.parse(metaText);
  } catch {
    throw new ProtocolError("meta is not JSON");
  }
  if (typeof meta !== "object" || meta === null || Array.isArray(meta)) {
    throw new ProtocolError("meta is not an object");
  }
  return meta as Record<string, unknown>;
}

/** Of a list or an object no more than that: what nests by the ten thousand can be read and not be written again. */
const short = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? "an object or a list"
    : (JSON.stringify(value) ?? "nothing").slice(0, 60);

/** Joins JSON texts to a payload. A text with a raw newline is not JSON as we write it and would shift all that follow. */
export function joinLines(texts: readonly string[]): string {
  for (const line of texts) {
    if (line.includes("\n")) throw new ProtocolError("a line of a payload has a raw newline");
  }
  return texts.join("\n");
}

/** Splits a payload that must have exactly `expected` lines. */
export function splitLines(payload: string, expected: number): string[] {
  const lines = payload === "" ? [] : payload.split("\n");
  if (lines.length !== expected) {
    throw new ProtocolError(`payload has ${String(lines.length)} lines, ${String(expected)} were announced`);
  }
  return lines;
}
