/** A NATS server of our own with JetStream that syncs each write: on a port that the system chose. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "../house/child.ts";
import type { Scratch } from "../house/scratch.ts";

const READY_MS = 10_000;

export type NatsFound =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly why: string };

/** `sync_interval: always` came with 2.10; without it JetStream acknowledges from the page cache, another promise. */
export function findNats(): NatsFound {
  if (Bun.which("nats-server") === null) {
    return { ok: false, why: "nats-server is not on PATH: JetStream's figures are missing" };
  }
  const { stdout } = Bun.spawnSync(["nats-server", "--version"]);
  const version = /v(\d+)\.(\d+)\.\d+/.exec(stdout.toString());
  const [text = "an unknown version", major = "0", minor = "0"] = version ?? [];
  if (Number(major) * 1000 + Number(minor) >= 2010) return { ok: true, version: text.slice(1) };
  return {
    ok: false,
    why: `nats-server ${text} does not know sync_interval: always (2.10 does): JetStream's figures are missing`,
  };
}

export interface NatsServer {
  readonly child: Child;
  readonly port: number;
}

export async function startNats(scratch: Scratch): Promise<NatsServer> {
  const directory = scratch.subdirectory();
  const config = join(directory, "nats.conf");
  writeFileSync(
    config,
    `host: 127.0.0.1\nport: -1\nports_file_dir: "${directory}"\n` +
      `jetstream { store_dir: "${join(directory, "store")}", sync_interval: always }\n`,
  );
  const child = scratch.spawn("nats-server", ["nats-server", "-c", config]);
  const until = performance.now() + READY_MS;
  for (;;) {
    const port = portIn(directory);
    if (port !== undefined) return { child, port };
    if (performance.now() > until) throw new Error(`nats-server did not start. ${child.stderr}`);
    await Bun.sleep(20);
  }
}

function portIn(directory: string): number | undefined {
  const file = readdirSync(directory).find((name) => name.endsWith(".ports"));
  if (file === undefined) return undefined;
  const port = /:(\d+)"/.exec(readFileSync(join(directory, file), "utf8"))?.[1];
  return port === undefined ? undefined : Number(port);
}
