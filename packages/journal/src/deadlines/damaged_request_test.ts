import { expect, test } from "bun:test";
import { question, WORKER } from "../fixtures.ts";
import { House, LIMIT_MS } from "./deadline_house.ts";

test.each([
  [
    "a request whose facts are damaged",
    "UPDATE signal SET body = replace(body, '\"facts\"', '\"Facts\"') WHERE seq = 1",
  ],
  [
    "a request whose question is damaged",
    "UPDATE signal SET body = replace(body, 'q.1', 'q.7') WHERE seq = 1",
  ],
  ["a deadline that became a fraction", "UPDATE deadline SET late_ms = 0.5 WHERE request_seq = 1"],
])("%s is set aside when it is due, and the others time out", async (_what, sql) => {
  const house = new House();
  await house.open();
  await house.ask(question(1), question(2));
  house.worker.take(WORKER.name);
  house.broker.db.handle.run(sql);
  house.run(LIMIT_MS + 10_000);
  expect(house.listen()).toHaveLength(1);
  expect(house.broker.db.handle.query("SELECT seq FROM damage").all()).toContainEqual({ seq: 1 });
  house.broker.close();
});
