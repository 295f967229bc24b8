/** May this peer speak, and in whose name? Pure: the kernel's word in, a verdict out. */
import type { Identity } from "@kloros/journal";
import { parsePeerAddress, type Peer } from "./peer.ts";

export interface IdentityPolicy {
  /** Users that may connect: see `admittedUids`. */
  readonly uids: readonly number[];
  /** Services that a peer may speak for; `"*"`: any (all share one uid, as in a checkout). */
  readonly servicesOf: (peer: Peer) => readonly string[] | "*";
}

const ROOT = 0;

/** The bus's own user; and root, who could become that one: an operator's `sudo kloros` under systemd. */
export function admittedUids(own: number): readonly number[] {
  return own === ROOT ? [ROOT] : [own, ROOT];
}

export type IdentityVerdict =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly text: string };

export function identify(peerAddress: string, service: string, policy: IdentityPolicy): IdentityVerdict {
  const peer = parsePeerAddress(peerAddress);
  if (peer === undefined) {
    return {
      ok: false,
      text: `the kernel does not say who is at the other end (${JSON.stringify(peerAddress)})`,
    };
  }
  if (!policy.uids.includes(peer.uid)) {
    return {
      ok: false,
      text:
        `user ${String(peer.uid)} (pid ${String(peer.pid)}) may not use this bus, only ${policy.uids.join(", ")}: ` +
        `run it as one of them`,
    };
  }
  const services = policy.servicesOf(peer);
  if (services !== "*" && !services.includes(service)) {
    return {
      ok: false,
      text: `pid ${String(peer.pid)} says that it is ${service}, but may only speak for ${services.join(", ") || "nobody"}`,
    };
  }
  return { ok: true, identity: { services, uid: peer.uid, pid: peer.pid } };
}
