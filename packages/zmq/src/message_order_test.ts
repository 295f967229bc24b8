import { expect, test } from "bun:test";
import fc from "fast-check";
import { pollSockets } from "./poll_sockets.ts";
import { openSocket } from "./socket.ts";
import { makeIpcDirectory } from "./testing.ts";

const frame = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.uint8Array({ minLength: 200, maxLength: 400 }),
  fc.string({ maxLength: 60, unit: "grapheme" }),
);
const messages = fc.array(fc.array(frame, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 60 });
const mark = fc.integer({ min: 1, max: 20 });

const encoder = new TextEncoder();

test("messages of random frames arrive unchanged and in order, whatever the high-water marks", () => {
  const directory = makeIpcDirectory();
  let run = 0;
  try {
    fc.assert(
      fc.property(messages, mark, mark, fc.boolean(), (list, sendMark, receiveMark, bindFirst) => {
        const endpoint = directory.endpoint(`run${run++}`);
        const sender = openSocket("dealer", { sendHighWaterMark: sendMark, reconnectIntervalMs: 1 });
        const receiver = openSocket("dealer", { receiveHighWaterMark: receiveMark });
        try {
          if (bindFirst) receiver.bind(endpoint);
          sender.connect(endpoint);
          if (!bindFirst) receiver.bind(endpoint);
          let sent = 0;
          const received: (readonly Uint8Array[])[] = [];
          const end = performance.now() + 15_000;
          while (received.length < list.length && performance.now() < end) {
            while (sent < list.length && sender.send(list[sent] ?? []) === "sent") sent++;
            pollSockets([receiver], 5);
            for (let got = receiver.receive(); got !== undefined; got = receiver.receive())
              received.push(got.frames);
          }
          const expected = list.map((parts) =>
            parts.map((part) => (typeof part === "string" ? encoder.encode(part) : part)),
          );
          expect(received).toEqual(expected);
        } finally {
          sender.close();
          receiver.close();
        }
      }),
      { numRuns: 40 },
    );
  } finally {
    directory.remove();
  }
});
