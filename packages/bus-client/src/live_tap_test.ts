import { afterEach, beforeEach, expect, test } from "bun:test";
import { openSocket, type ZmqSocket } from "@kloros/zmq";
import { type IpcDirectory, makeIpcDirectory } from "@kloros/zmq/testing";
import { systemAmbient } from "./ambient.ts";
import { until } from "./contract/until.ts";
import { openLiveTap } from "./live_tap.ts";
import { borrowSockets } from "./socket_share.ts";
import type { Tap } from "./types.ts";

const { sockets, release } = borrowSockets();
let directory: IpcDirectory;
let feed: ZmqSocket;
let tap: Tap | undefined;

beforeEach(() => {
  directory = makeIpcDirectory();
  feed = openSocket("pub");
  feed.bind(directory.endpoint("live"));
});
afterEach(async () => {
  await tap?.close();
  feed.close();
  directory.remove();
  await release();
});

test("a tap gets the names it asked for, not those that only begin alike, and nothing but two frames", async () => {
  const seen: string[] = [];
  const open = openLiveTap(
    { endpoint: directory.endpoint("live"), sockets, ambient: systemAmbient, names: ["Q_X_DONE"] },
    (name, body) => {
      seen.push(`${name} ${body}`);
    },
  );
  tap = open;
  await open.joined;
  await until("the tap to have joined", () => {
    feed.send(["Q_X_DONE", "1"]);
    return seen.length > 0;
  });
  for (const frames of [["Q_X_DONE_LONGER", "2"], ["Q_X_DONE"], ["Q_X_DONE", "3", "4"], ["Q_X_DONE", "5"]]) {
    feed.send(frames);
  }
  await until("the last one", () => seen.includes("Q_X_DONE 5"));
  expect(new Set(seen)).toEqual(new Set(["Q_X_DONE 1", "Q_X_DONE 5"]));
});
