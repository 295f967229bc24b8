import { expect, test } from "bun:test";
import { KeptEndpoint } from "./kept_endpoint.ts";
import type { SocketFileEvent } from "./socket_file.ts";

/** An endpoint whose looks go as told: an event, nothing, or an error. */
function setUp(looks: readonly (SocketFileEvent | Error | undefined)[]) {
  const told: string[] = [];
  const left = [...looks];
  const next = (): SocketFileEvent | undefined => {
    const look = left.shift();
    if (look instanceof Error) throw look;
    return look;
  };
  const endpoint = new KeptEndpoint({
    endpoint: "tcp://*:7777",
    bind: () => {
      next();
      return { endpoint: "tcp://0.0.0.0:7777", check: next };
    },
    tell: (event) => told.push(`${event.event} ${event.endpoint}`),
  });
  while (left.length > 0) endpoint.look();
  return { told, endpoint };
}

test("one that cannot be bound is told once, and under the same name when it is", () => {
  const { told, endpoint } = setUp([new Error("taken"), new Error("taken"), undefined, undefined]);
  expect(told).toEqual(["trouble tcp://*:7777", "bound tcp://*:7777"]);
  expect(endpoint.bound).toBe("tcp://0.0.0.0:7777");
});

test("trouble that goes away by itself is told to be over", () => {
  const { told } = setUp([undefined, new Error("read-only"), undefined, undefined, new Error("again")]);
  expect(told.map((text) => text.split(" ")[0])).toEqual(["bound", "trouble", "bound", "trouble"]);
});

test("a file that was bound anew says so itself", () => {
  const { told } = setUp([undefined, new Error("no directory"), "deleted", undefined, "stolen"]);
  expect(told.map((text) => text.split(" ")[0])).toEqual(["bound", "trouble", "socketFile", "socketFile"]);
});
