/** CURVE keys, as Z85 text of 40 characters. */
import { lastError } from "./errors.ts";
import { library } from "./library.ts";
import { cString } from "./raw_socket.ts";

const KEY_CHARACTERS = 40;
const decoder = new TextDecoder();

export interface CurveKeypair {
  readonly publicKey: string;
  readonly secretKey: string;
}

/** A new key pair. Throws ZmqError (ENOTSUP) when libzmq has no CURVE. */
export function curveKeypair(): CurveKeypair {
  const publicKey = new Uint8Array(KEY_CHARACTERS + 1);
  const secretKey = new Uint8Array(KEY_CHARACTERS + 1);
  if (library().zmq_curve_keypair(publicKey, secretKey) !== 0) throw lastError("make a CURVE key pair");
  return { publicKey: keyText(publicKey), secretKey: keyText(secretKey) };
}

/** The public key of a secret key. Throws RangeError for what is no key; the key is not in the message. */
export function curvePublic(secretKey: string): string {
  const publicKey = new Uint8Array(KEY_CHARACTERS + 1);
  const usable = secretKey.length === KEY_CHARACTERS;
  if (!usable || library().zmq_curve_public(publicKey, cString(secretKey)) !== 0) {
    const flaw = usable ? "one that Z85 does not know" : `${secretKey.length}`;
    throw new RangeError(
      `zmq: a CURVE secret key is ${KEY_CHARACTERS} characters of Z85, this one has ${flaw}`,
    );
  }
  return keyText(publicKey);
}

const Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/** The 32 bytes of a key as Z85 (ZeroMQ RFC 32): four bytes, big-endian, are five digits to the base 85. */
export function encodeKey(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let at = 0; at + 4 <= bytes.byteLength; at += 4) {
    let value = view.getUint32(at);
    let group = "";
    for (let digit = 0; digit < 5; digit++) {
      group = (Z85[value % 85] ?? "") + group;
      value = Math.floor(value / 85);
    }
    text += group;
  }
  return text;
}

function keyText(bytes: Uint8Array): string {
  return decoder.decode(bytes.subarray(0, KEY_CHARACTERS));
}
