/** What a migration does, one thing at a time. Data: it is stored before it is done, and shown before it is asked for. */
import type { Migrated, Role, Share } from "./phases.ts";

/** Each may be done again without harm: a crash leaves nobody knowing whether it was. */
export type Step =
  /** Starts with the machine, or does not. */
  | { readonly kind: "at-boot"; readonly on: boolean }
  /** Says what services may do; null: says nothing any more. */
  | { readonly kind: "roles"; readonly roles: Readonly<Partial<Record<Migrated, Role | null>>> }
  | { readonly kind: "start"; readonly service: Migrated; readonly role: "act" | "observe" }
  | { readonly kind: "stop"; readonly service: Migrated }
  /** Stopped, and not started with the machine. */
  | { readonly kind: "retire"; readonly services: readonly Migrated[] }
  /** Until nothing waits for these services. `hasty`: what is not done soon stays in the journal for later. */
  | { readonly kind: "drain"; readonly services: readonly Migrated[]; readonly hasty?: boolean }
  /** No intent is in the router's hands. */
  | { readonly kind: "hands-empty" }
  | { readonly kind: "old-off"; readonly share: Share }
  /** Until its last run has ended. */
  | { readonly kind: "old-at-rest"; readonly share: Share }
  | { readonly kind: "old-on"; readonly share: Share }
  | { readonly kind: "old-works"; readonly share: Share }
  /** Moves the old side's files to this directory. */
  | { readonly kind: "put-aside"; readonly backup: string }
  /** `complete`: everything lies in it; else only what the way there came to. */
  | { readonly kind: "put-back"; readonly backup: string; readonly complete: boolean };

export type StepKind = Step["kind"];
export type StepOf<Kind extends StepKind> = Extract<Step, { readonly kind: Kind }>;
