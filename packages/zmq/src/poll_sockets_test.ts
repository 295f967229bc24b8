import { expect, test } from "bun:test";
import { pollSockets } from "./poll_sockets.ts";
import { openSocket } from "./socket.ts";
import { makeIpcDirectory } from "./testing.ts";

test("pollSockets() returns at once what has input, and waits no longer than its limit", () => {
  const directory = makeIpcDirectory();
  const [quiet, left, right] = [openSocket("pair"), openSocket("pair"), openSocket("pair")];
  try {
    right.connect(left.bind(directory.endpoint("pair")));
    const start = performance.now();
    expect(pollSockets([quiet, left], 20)).toEqual([]);
    expect(performance.now() - start).toBeGreaterThan(15);
    expect(pollSockets([quiet, left], 0)).toEqual([]);
    right.send(["x"]);
    expect(pollSockets([quiet, left], 3000)).toEqual([left]);
    expect(pollSockets([quiet, left], 0)).toEqual([left]);
    left.receive();
    expect(pollSockets([quiet, left], 0)).toEqual([]);
  } finally {
    for (const socket of [quiet, left, right]) socket.close();
    directory.remove();
  }
});

test("pollSockets() refuses a closed socket, a foreign one and a limit below 0", () => {
  const socket = openSocket("pair");
  expect(() => pollSockets([socket], -1)).toThrow("not -1");
  socket.close();
  expect(() => pollSockets([socket], 0)).toThrow("pair socket in the list is closed");
});
