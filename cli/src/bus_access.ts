/** A connection to the bus for the time of one command, as `operator`. */
import { existsSync } from "node:fs";
import { connect } from "node:net";
import type { Bus } from "@kloros/bus-client";
import { Failure } from "./exit_codes.ts";
import { findPlace, type Place, startCommand } from "./place.ts";
import type { Session } from "./session.ts";

/** What finding the bus needs of a session. */
type BusSeeker = Pick<Session, "flags" | "environment">;

/** A bus that is there answers within milliseconds; one that has much to do gets this long, ms. */
const CONNECT_MS = 6000;
/** Nobody listens on the socket that is there: one that is being started again gets this long, ms. */
const RESTART_MS = 700;

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
  const listening = socket === undefined || (await somebodyListens(socket));
  const why = await whenConnected(bus, listening ? CONNECT_MS : RESTART_MS);
  if (why === undefined) return { kind: "connected", bus };
  await bus.close();
  return { kind: "away", why };
}

/** Undefined once connected, else why not. */
async function whenConnected(bus: Bus, limitMs: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const nobody = `nobody took the connection within ${limitMs / 1000} s`;
  const timer = setTimeout(resolve, limitMs, nobody);
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

/** A bus that was killed leaves its socket behind, and connecting to that is refused at once. */
async function somebodyListens(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ path });
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  const listens = await promise;
  socket.destroy();
  return listens;
}
