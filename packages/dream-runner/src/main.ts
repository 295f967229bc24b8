#!/usr/bin/env bun
/** `kloros-dream`. */
import { runDreamCli } from "./cli/run_dream_cli.ts";

process.exitCode = await runDreamCli(process.argv.slice(2));
