import { expect, test } from "bun:test";
import { refuseAdmin } from "./admin_requests.ts";

test("everyone may look", () => {
  expect(refuseAdmin("status", {}, "curiosity-core")).toBeUndefined();
  expect(refuseAdmin("deadLetters", { limit: 5 }, "curiosity-core")).toBeUndefined();
});

test("only the operator may change", () => {
  expect(refuseAdmin("removeConsumer", { name: "x" }, "curiosity-core")).toMatchObject({ code: "identity" });
  expect(refuseAdmin("removeConsumer", { name: "x" }, "operator")).toBeUndefined();
});

test("a request of the wrong shape is named with the place that is wrong", () => {
  expect(refuseAdmin("retryDeadLetter", { n: "1" }, "operator")).toMatchObject({ code: "bad_request" });
  expect(refuseAdmin("retryDeadLetter", { n: "1" }, "operator")?.text).toContain("/n");
});

test("what does not exist is told together with what does", () => {
  expect(refuseAdmin("toString", {}, "operator")?.text).toContain("retryDeadLetter");
});
