import { DeniedError } from "./errors.ts";
import { type BusIncoming, type BusMessage, ProtocolError } from "./protocol.ts";

type FieldsOf<V extends BusMessage["verb"]> = Extract<BusMessage, { verb: V }>["fields"];

/** The fields of an answer that must have this verb. Throws `ProtocolError`. */
export function expectAnswer<V extends BusMessage["verb"]>(message: BusIncoming, verb: V): FieldsOf<V> {
  if (message.verb !== verb) throw new ProtocolError(`expected ${verb}, the bus answered ${message.verb}`);
  return message.fields as FieldsOf<V>;
}

/** What a PAGE or RESULT carries; throws what the bus said was wrong. */
export function valueOf(answer: BusIncoming, verb: "PAGE" | "RESULT"): unknown {
  const { error } = expectAnswer(answer, verb);
  if (error !== undefined) throw new DeniedError(error.code, error.text);
  return JSON.parse(answer.payload);
}
