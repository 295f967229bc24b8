import { expect, test } from "bun:test";
import { curveKeypair, curvePublic, encodeKey } from "./curve.ts";

test("curvePublic() finds the public key of a new pair", () => {
  const { publicKey, secretKey } = curveKeypair();
  expect(publicKey).toHaveLength(40);
  expect(curvePublic(secretKey)).toBe(publicKey);
});

test("two pairs differ", () => {
  expect(curveKeypair().secretKey).not.toBe(curveKeypair().secretKey);
});

test("curvePublic() refuses what is no key and does not repeat it", () => {
  expect(() => curvePublic("secret-but-short")).toThrow(/40 characters of Z85, this one has 16$/);
  expect(() => curvePublic("~".repeat(40))).toThrow(/this one has one that Z85 does not know$/);
});

test("encodeKey() writes Z85 as the RFC's example does", () => {
  const bytes = new Uint8Array([0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b]);
  expect(encodeKey(bytes)).toBe("HelloWorld");
});
