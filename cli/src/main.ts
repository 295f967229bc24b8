#!/usr/bin/env bun
import { Command } from "commander";
import { upCommand } from "./up/up_command.ts";

const program = new Command("kloros").description("Operates a KLoROS installation.");
upCommand(program);
await program.parseAsync();
