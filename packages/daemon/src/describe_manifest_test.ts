import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { CuriosityInvestigate } from "@kloros/signal-schema";
import { describeManifest } from "./describe_manifest.ts";

test("describeManifest() is plain JSON with settings, their environment names and no secret defaults", () => {
  const description = describeManifest({
    name: "some-service",
    purpose: "Does something.",
    consumes: [CuriosityInvestigate],
    emits: [],
    config: Type.Object({
      pollMs: Type.Integer({ default: 100, minimum: 1, description: "How often." }),
      token: Type.String({ default: "x", description: "Secret." }),
    }),
    decisions: ["It decides."],
    reads: ["registry"],
    writes: [],
  });
  expect(JSON.parse(JSON.stringify(description))).toEqual(description as never);
  expect(description.config).toEqual([
    {
      key: "pollMs",
      environment: "KLOROS_SOME_SERVICE_POLL_MS",
      description: "How often.",
      allowed: 'a whole number, at least 1 (ms), or a duration such as "500ms", "10s", "5m", "2h", "1d"',
      default: 100,
    },
    { key: "token", environment: "KLOROS_SOME_SERVICE_TOKEN", description: "Secret.", allowed: "a text" },
  ]);
  expect(description.consumes[0]).toMatchObject({ name: "Q_CURIOSITY_INVESTIGATE", kind: "trigger" });
});
