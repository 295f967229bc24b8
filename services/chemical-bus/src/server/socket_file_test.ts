import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { openSocket, type ZmqSocket } from "@kloros/zmq";
import { type IpcDirectory, makeIpcDirectory } from "@kloros/zmq/testing";
import { SocketFile } from "./socket_file.ts";

let directory: IpcDirectory;
const sockets: ZmqSocket[] = [];
const router = (): ZmqSocket => {
  const socket = openSocket("router");
  sockets.push(socket);
  return socket;
};

beforeEach(() => {
  directory = makeIpcDirectory();
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
  directory.remove();
});

describe("a socket's file", () => {
  test("is for its owner alone", () => {
    const { endpoint } = new SocketFile(router(), directory.endpoint("bus"));
    expect(endpoint).toBe(directory.endpoint("bus"));
    expect(statSync(join(directory.path, "bus.sock")).mode & 0o077).toBe(0);
  });

  test("is left alone while it is ours", () => {
    expect(new SocketFile(router(), directory.endpoint("bus")).check()).toBeUndefined();
  });

  test("is made anew when it was deleted", () => {
    const file = new SocketFile(router(), directory.endpoint("bus"));
    rmSync(join(directory.path, "bus.sock"));
    expect(file.check()).toBe("deleted");
    expect(statSync(join(directory.path, "bus.sock")).isSocket()).toBe(true);
    expect(file.check()).toBeUndefined();
  });

  test("is taken back when another socket stole it", () => {
    const file = new SocketFile(router(), directory.endpoint("bus"));
    router().bind(directory.endpoint("bus"));
    expect(file.check()).toBe("stolen");
    expect(file.check()).toBeUndefined();
  });

  test("is made anew also when its directory was away for a long time", () => {
    const file = new SocketFile(router(), directory.endpoint("bus"));
    rmSync(directory.path, { recursive: true });
    for (let look = 0; look < 200; look++) expect(() => file.check()).toThrow();
    mkdirSync(directory.path);
    expect(file.check()).toBe("deleted");
  });

  test("is given up while file descriptors are scarce, for those who come; those who are there stay", () => {
    let open = 100;
    const server = router();
    const file = new SocketFile(server, directory.endpoint("bus"), () => ({ open, limit: 200 }));
    expect(file.check()).toBeUndefined();
    open = 151;
    for (let look = 0; look < 2; look++) expect(() => file.check()).toThrow("151 of 200 file descriptors");
    expect(existsSync(join(directory.path, "bus.sock"))).toBe(false);
    open = 149;
    expect(() => file.check()).toThrow("149 of 200");
    open = 100;
    expect(file.check()).toBe("reopened");
    expect(statSync(join(directory.path, "bus.sock")).isSocket()).toBe(true);
    expect(file.check()).toBeUndefined();
  });

  test("with a path that is too long is refused with its length", () => {
    expect(() => new SocketFile(router(), `ipc:///tmp/${"x".repeat(120)}`)).toThrow(/125 bytes/);
  });
});
