import { expect, test } from "bun:test";
import { fuzz } from "@kloros/signal-schema/testing";
import { readRules } from "./read_rules.ts";
import { DEFAULT_RULES } from "./default_rules.ts";
