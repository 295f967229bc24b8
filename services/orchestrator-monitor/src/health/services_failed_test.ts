import { afterEach, beforeEach, expect, test } from "bun:test";
import { healthSocketPath } from "@kloros/daemon";
import { writeFileSync } from "node:fs";
import { askHealth } from "./ask_health.ts";
import { failedProbe } from "./services_failed.ts";
import { openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

const ANSWER_LIMIT_MS = 50;

function serve(service: string, answer: () => Response | Promise<Response>) {
  return Bun.serve({ unix: healthSocketPath(post.home.paths, service), fetch: answer });
}

function watch(): (looks?: number) => Promise<readonly string[]> {
  const ask = () => askHealth(post.home.paths, "orchestrator-monitor", ANSWER_LIMIT_MS);
  const check = post.check(failedProbe(ask));
  return async (looks = 1) => {
    for (let n = 0; n < looks; n += 1) {
      await check.look();
      post.clock.advance(60_000);
    }
    return storyOf(await post.alerts());
  };
}

test("a service that says it is not fit is an alert when that lasts, with its reasons", async () => {
  let reasons: Record<string, string> = {};
  const server = serve("dream-consumer", () => {
    const ok = Object.keys(reasons).length === 0;
    return Response.json({ ok, reasons }, { status: ok ? 200 : 503 });
  });
  try {
    const look = watch();
    await look(2);
    reasons = { progress: "the handler hangs" };
    expect(await look(1)).toEqual([]);
    expect(await look(3)).toEqual(["raised critical failed:dream-consumer"]);
    expect((await post.alerts())[0]?.details?.message).toBe(
      "dream-consumer is not fit: progress: the handler hangs",
    );
    reasons = {};
    expect((await look(3)).slice(1)).toEqual(["cleared info failed:dream-consumer"]);
  } finally {
    await server.stop(true);
  }
});

test("a service that does not answer is an alert", async () => {
  const never = Promise.withResolvers<Response>();
  const server = serve("policy-engine", () => never.promise);
  try {
    expect(await watch()(3)).toEqual(["raised critical failed:policy-engine"]);
  } finally {
    never.resolve(new Response());
    await server.stop(true);
  }
});

test("services that are fit, not there, or left only a socket's file behind are fine", async () => {
  const server = serve("dream-consumer", () => Response.json({ ok: true, reasons: {} }));
  writeFileSync(healthSocketPath(post.home.paths, "winner-deployer"), "");
  try {
    expect(await watch()(3)).toEqual([]);
  } finally {
    await server.stop(true);
  }
});
