/** `/healthz`, `/readyz`, `/metrics` on a unix socket, for people, probes and Prometheus' relatives. */
import { existsSync, rmSync } from "node:fs";
import { fileIdentity } from "../files/file_identity.ts";

/** Name of a check → why it is not fine. Empty: fine. */
export type Reasons = Readonly<Record<string, string>>;

export interface HealthSources {
  /** Unfit to go on. */
  healthz(): Reasons;
  /** Cannot do its work right now. */
  readyz(): Reasons;
  metrics(): string;
  /** Shown with both: name, version, status text. */
  about(): object;
}

export interface HealthServer {
  readonly path: string;
  /** Listens again when the socket's file is not its own any more. Whether it did. */
  renew(): boolean;
  stop(): Promise<void>;
}

/**
 * Listens on `path` (0700 directory expected). A socket file left by a dead process is replaced: the caller holds the
 * instance lock, so nobody alive listens there.
 */
export function serveHealth(path: string, sources: HealthSources): HealthServer {
  const serve = () => {
    if (existsSync(path)) rmSync(path);
    const listening = Bun.serve({ unix: path, fetch: (request) => answer(request, sources) });
    return { listening, identity: fileIdentity(path) };
  };
  let { listening: server, identity } = serve();
  return {
    path,
    renew: () => {
      if (identity !== undefined && fileIdentity(path) === identity) return false;
      void server.stop(true);
      ({ listening: server, identity } = serve());
      return true;
    },
    stop: async () => {
      await server.stop(true);
      rmSync(path, { force: true });
    },
  };
}

function answer(request: Request, sources: HealthSources): Response {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("only GET\n", { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const { pathname } = new URL(request.url);
  if (pathname === "/healthz") return verdict(sources.healthz(), sources);
  if (pathname === "/readyz") return verdict(sources.readyz(), sources);
  if (pathname === "/metrics") {
    return new Response(sources.metrics(), {
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
    });
  }
  return new Response("there are /healthz, /readyz and /metrics\n", { status: 404 });
}

function verdict(reasons: Reasons, sources: HealthSources): Response {
  const ok = Object.keys(reasons).length === 0;
  return Response.json({ ok, reasons, ...sources.about() }, { status: ok ? 200 : 503 });
}
