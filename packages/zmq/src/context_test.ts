import { expect, test } from "bun:test";
import { closeContext } from "./context.ts";
import { openSocket } from "./socket.ts";

test("closeContext() closes what is open, and a later socket gets a new context", () => {
  const socket = openSocket("router");
  socket.bind("tcp://127.0.0.1:*");
  closeContext();
  closeContext();
  expect(socket.closed).toBe(true);
  const next = openSocket("router");
  next.bind("tcp://127.0.0.1:*");
  next.close();
  closeContext();
});
