/**
 * Makes packages/zmq/libzmq.so from the installed zeromq package. Run after each install:
 *
 *   bun packages/zmq/scripts/link_libzmq.ts
 */
import { linkLibrary } from "../src/link_library.ts";

try {
  const { path, changed } = linkLibrary();
  console.log(changed ? `made ${path}` : `${path} is up to date`);
} catch (error) {
  console.error(`libzmq: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
