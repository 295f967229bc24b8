import { expect, test } from "bun:test";
import type { BusIncoming, ClientOutgoing } from "./protocol.ts";
import { Requests } from "./requests.ts";

const pub = (ref: number): ClientOutgoing => ({ verb: "PUB", fields: { ref, count: 0 } });
const commit = (ref: number): ClientOutgoing => ({
  verb: "COMMIT",
  fields: { ref, consumer: "c", seqs: [], tokens: [], kinds: "" },
});
const admin = (ref: number): ClientOutgoing => ({
  verb: "ADMIN",
  fields: { ref, op: "status", request: {} },
});

test("a new session hears first how leases ended, then publishes in their order, then the rest", () => {
  const requests = new Requests();
  for (const build of [admin, pub, commit, pub, commit]) void requests.make(build).answer;
  expect(requests.toResend().map(({ ref }) => ref)).toEqual([3, 5, 2, 4, 1]);
});

test("what the new session was told already is not said again", () => {
  const requests = new Requests();
  const before = requests.make(pub).request;
  requests.make(pub).request.sent = true;
  expect(requests.toResend()).toEqual([before]);
});

test("an answer goes to its request, once; one that nobody waits for is ignored", async () => {
  const requests = new Requests();
  const { answer, request } = requests.make(pub);
  const puback = { verb: "PUBACK" } as BusIncoming;
  requests.answer(99, puback);
  requests.answer(request.ref, puback);
  requests.answer(request.ref, puback);
  expect(await answer).toBe(puback);
});

test("an admin request that was sent is not sent twice: whoever asked decides", async () => {
  const requests = new Requests();
  const { answer, request } = requests.make(admin);
  request.sent = true;
  const waiting = requests.make(admin);
  requests.sessionEnded("gone");
  expect(await answer.catch((error: unknown) => error)).toMatchObject({ code: "unanswered" });
  expect(requests.toResend()).toEqual([waiting.request]);
});
