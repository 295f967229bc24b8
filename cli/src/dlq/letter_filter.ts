/** Which dead letters a command is about: the options, and what they ask the bus for. */
import { type Command, Option } from "commander";
import type { AdminOps } from "@kloros/journal";
import type { Environment } from "../environment.ts";
import { pastMoment } from "../read_options.ts";
import type { CommonFlags } from "../shared_options.ts";

export interface FilterFlags extends CommonFlags {
  readonly consumer?: string;
  readonly reason?: string;
  readonly signal?: string;
  readonly since?: number;
  readonly before?: number;
}

type Filter = Pick<AdminOps["deadLetters"]["request"], "consumer" | "reason" | "signal" | "since" | "before">;

const REASONS = ["terminal", "attempts", "poison", "invalid", "loop", "reported"];

export function addFilterOptions(command: Command, { nowMs }: Pick<Environment, "nowMs">): Command {
  return command
    .option("--consumer <name>", "only of this consumer, or of this service")
    .addOption(new Option("--reason <reason>", "only for this reason").choices(REASONS))
    .option("--signal <name>", "only of this signal")
    .option(
      "--since <when>",
      "only those that died since then: 90s, 10m, 2h, 3d, or a date",
      pastMoment(nowMs),
    )
    .option("--before <when>", "only those that died before then", pastMoment(nowMs));
}

export function filterOf({ consumer, reason, signal, since, before }: FilterFlags): Filter {
  return {
    ...(consumer === undefined ? {} : { consumer }),
    ...(reason === undefined ? {} : { reason }),
    ...(signal === undefined ? {} : { signal }),
    ...(since === undefined ? {} : { since: Math.max(0, Math.floor(since)) }),
    ...(before === undefined ? {} : { before: Math.max(0, Math.floor(before)) }),
  };
}

export function hasFilter(flags: FilterFlags): boolean {
  return Object.keys(filterOf(flags)).length > 0;
}
