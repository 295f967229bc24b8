/** The simulator finds what it is there for: each of these faults, planted between the server and the broker, breaks a run. */
import { expect, test } from "bun:test";
import type { Broker, Session, SettleItem } from "@kloros/journal";
import type { SimBus } from "./bus/sim_bus.ts";
import { oneSeed } from "./campaign/one_seed.ts";

/** Some need two things at one moment: the first runs that show them are not far behind `FIRST_SEED`. */
const FIRST_SEED = 170;
const RUNS_MAX = 500;

type Plant = (session: Session, broker: Broker) => void;

/** Changes each session of each broker that the run opens. */
function inSessions(plant: Plant): (bus: SimBus) => void {
  return ({ journal }) => {
    const openBroker = journal.openBroker.bind(journal);
    journal.openBroker = (options) => {
      const broker = openBroker(options);
      const open = broker.open.bind(broker);
      broker.open = (...args) => {
        const session = open(...args);
        plant(session, broker);
        return session;
      };
      return broker;
    };
  };
}

const PLANTS: readonly (readonly [name: string, plant: Plant, finds: RegExp])[] = [
  [
    "a signal is acknowledged before it is committed",
    (session, broker) => {
      const publish = session.publish.bind(session);
      session.publish = async (envelopes) => {
        void publish(envelopes).catch(() => undefined);
        return envelopes.map((_, index) => ({ status: "stored", seq: broker.lastSeq + 1 + index }));
      };
    },
    /is acknowledged and not stored/,
  ],
  [
    "an outcome is confirmed before it is committed",
    (session) => {
      const settle = session.settle.bind(session);
      session.settle = async (consumer, items) => {
        void settle(consumer, items).catch(() => undefined);
        return items.map(() => ({ status: "ok" }));
      };
    },
    /confirmed as done/,
  ],
  [
    "a plan is not stored",
    (session) => {
      session.plan = () => Promise.resolve({ status: "ok" });
    },
    /has the effect of .* times/,
  ],
  [
    "what is emitted is lost",
    (session) => {
      const settle = session.settle.bind(session);
      session.settle = (consumer, items) =>
        settle(
          consumer,
          items.map((item) =>
            item.outcome.kind === "done" && item.seq % 7 === 0
              ? { ...item, outcome: { ...item.outcome, emits: [] } }
              : item,
          ),
        );
    },
    /request_seq|is not there/,
  ],
  [
    "whoever settles has the current token",
    (session, broker) => {
      const settle = session.settle.bind(session);
      session.settle = (consumer, items) => {
        const leases = broker.consumers.get(consumer)?.leases;
        return settle(
          consumer,
          items.map((item) => ({ ...item, token: leases?.get(item.seq)?.token ?? item.token })),
        );
      };
    },
    /granted since was another token/,
  ],
  [
    "what a consumer remembers is not stored with its acknowledgement",
    (session) => {
      const settle = session.settle.bind(session);
      session.settle = (consumer, items) => settle(consumer, items.map(withoutState));
    },
    /the states of .* tell of/,
  ],
];

const withoutState = (item: SettleItem): SettleItem => {
  if (item.outcome.kind !== "done") return item;
  const { state: _, ...outcome } = item.outcome;
  return { ...item, outcome };
};

test.each(PLANTS.map(([name, plant, finds]) => [name, { plant, finds }] as const))(
  "it is found when %s",
  async (_name, { plant, finds }) => {
    const found: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS_MAX && found.length === 0; seed++) {
      const { flaws } = await oneSeed({ seed, plant: inSessions(plant) });
      found.push(...flaws);
    }
    expect(found.join("\n")).toMatch(finds);
  },
  600_000,
);

test("it is found in the house when the policy engine forgets what it began", async () => {
  const plant = inSessions((session) => {
    const settle = session.settle.bind(session);
    session.settle = (consumer, items) =>
      settle(consumer, consumer === "policy-engine" ? items.map(withoutState) : items);
  });
  const found: string[] = [];
  for (let seed = 1; seed < RUNS_MAX && found.length === 0; seed++)
    found.push(...(await oneSeed({ seed, plant }, "house")).flaws);
  expect(found.join("\n")).toMatch(/was considered by \d+ successful cycles/);
}, 600_000);

test("it is found when somebody asks the real machine for the time", async () => {
  const plant = inSessions((session) => {
    const touch = session.touch.bind(session);
    session.touch = () => {
      Date.now();
      touch();
    };
  });
  expect((await oneSeed({ seed: 1, plant })).flaws[0]).toMatch(/Date\.now was asked .*planted_test/);
});
