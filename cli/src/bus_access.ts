/** A connection to the bus for the time of one command, as `operator`. */
import { existsSync } from "node:fs";
import type { Bus } from "@kloros/bus-client";
import { Failure } from "./exit_codes.ts";
import { findPlace, type Place, startCommand } from "./place.ts";
import type { Session } from "./session.ts";

/** What finding the bus needs of a session. */
type BusSeeker = Pick<Session, "flags" | "environment">;

/** A bus that is there answers within milliseconds; one that is being started again gets this long, ms. */
const CONNECT_MS = 3000;

export type BusAnswer =
  | { readonly kind: "connected"; readonly bus: Bus }
  | { readonly kind: "away"; readonly why: string };

/** Fails with `unavailable`, and how to start it, when nobody answers. */
export async function withBus<T>(
  session: BusSeeker,
  work: (bus: Bus, place: Place) => Promise<T>,
): Promise<T> {
  const place = await findPlace(session.flags, session.environment);
  const answer = await reachBus(place);
  if (answer.kind === "away") throw new Failure("unavailable", awayText(place, answer.why));
  try {
    return await work(answer.bus, place);
  } finally {
    await answer.bus.close();
  }
}

export function awayText({ paths }: Place, why: string): string {
  return [
    `the bus at ${paths.busEndpoint} does not answer: ${why}`,
    `  start it:           ${startCommand(paths)}`,
    `  or name its place:  --home DIR, --runtime DIR`,
  ].join("\n");
}

/** The caller closes the bus. */
export async function reachBus({ paths }: Place): Promise<BusAnswer> {
  const { busEndpoint: endpoint, liveEndpoint } = paths;
  const socket = endpoint.startsWith("ipc://") ? endpoint.slice("ipc://".length) : undefined;
  if (socket !== undefined && !socket.startsWith("@") && !existsSync(socket)) {
    return { kind: "away", why: "there is no such socket, so no bus runs here" };
  }
  const { connectBus } = await import("@kloros/bus-client");
  const bus = connectBus({ endpoint, liveEndpoint, service: "operator" });
  const why = await whenConnected(bus);
  if (why === undefined) return { kind: "connected", bus };
  await bus.close();
  return { kind: "away", why };
}

/** Undefined once connected, else why not. */
async function whenConnected(bus: Bus): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const nobody = `nobody took the connection within ${CONNECT_MS / 1000} s`;
  const timer = setTimeout(resolve, CONNECT_MS, nobody);
  const forget = bus.onState((state, why) => {
    if (state === "connected") resolve(undefined);
    if (state === "closed") resolve(why);
  });
  if (bus.state === "connected") resolve(undefined);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    forget();
  }
}
