/** A machine with the old system on it, ours installed beside it, and intents that keep coming. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "bun:test";
import { type Outcome, Sandbox } from "../sandbox/sandbox.ts";
import { IntentStream, OLD_HOME, OLD_SOURCE, oldDid, oldFiles, oldRuns, oursDid } from "./old_system.ts";
import type { Programs } from "./programs.ts";

const STATE = "/var/lib/kloros/state/migration/migration.json";
const PROGRAMS = "/programs";
const INTENT_EVERY_MS = 250;
const WAIT_MS_MAX = 60_000;
const LOOK_MS = 50;
const KILLED = 137;

interface State {
  readonly position: number;
  readonly pending: unknown;
  readonly history: readonly {
    readonly what: string;
    readonly to: number;
    readonly by: string;
    readonly notes: readonly string[];
  }[];
}

interface Report {
  readonly old_side: Readonly<Record<"everything" | "intents", string>>;
  readonly criteria: readonly {
    readonly name: string;
    readonly met: boolean | null;
    readonly value: string;
  }[];
}

export class MigratingMachine {
  readonly #sandbox: Sandbox;
  readonly #stream: IntentStream;

  private constructor(sandbox: Sandbox, stream: IntentStream) {
    this.#sandbox = sandbox;
    this.#stream = stream;
  }

  /** `settings`: of /etc/kloros/kloros.toml. */
  static async boot(programs: Programs, settings: string): Promise<MigratingMachine> {
    const sandbox = await Sandbox.boot({
      files: oldFiles(settings),
      binds: [{ from: programs.directory, to: PROGRAMS, readOnly: true }],
    });
    await sandbox.must(["chown", "-R", "kloros:kloros", "/home/kloros"]);
    await sandbox.systemctl("enable", "--now", "kloros-orchestrator.timer");
    await sandbox.must([`${PROGRAMS}/kloros`, "install", "--yes", "--home", OLD_HOME]);
    return new MigratingMachine(sandbox, new IntentStream(sandbox.pathOf(""), INTENT_EVERY_MS));
  }

  async remove(): Promise<void> {
    this.#stream.stop();
    await this.#sandbox.remove();
  }

  pathOf(path: string): string {
    return this.#sandbox.pathOf(path);
  }

  kloros(...args: string[]): Promise<Outcome> {
    return this.#sandbox.run(["kloros", ...args], { limitMs: 120_000 });
  }

  /** One phase further or back, whatever its window says. */
  async change(direction: "next" | "back"): Promise<void> {
    const { code, out, error } = await this.kloros("migrate", direction, ...waiverFor(direction));
    if (code !== 0) throw new Error(`migrate ${direction} ended with ${code}:\n${out}${error}`);
  }

  /** The same, killed before the first step, and then after each one between what it did and the record of it. */
  async changeWithCrashes(direction: "next" | "back"): Promise<void> {
    const before = this.state().position;
    for (let times = 0; times < 40; times += 1) {
      // The second passing: the step that was under way is finished first, and that one is recorded.
      const crashAt = times === 0 ? "migrate.planned" : "migrate.performed:2";
      const { code, out, error } = await this.#sandbox.run(
        ["env", `KLOROS_CRASH_AT=${crashAt}`, "kloros", "migrate", direction, ...waiverFor(direction)],
        { limitMs: 120_000 },
      );
      if (code === 0) return;
      if (code !== KILLED) throw new Error(`migrate ${direction} ended with ${code}:\n${out}${error}`);
    }
    throw new Error(`migrate ${direction} from phase ${before} was never done`);
  }

  /** The same, killed once at any moment, with whatever it has begun going on without it. */
  async changeKilledAfter(direction: "next" | "back", afterMs: number): Promise<void> {
    const before = this.state().position;
    const seconds = (afterMs / 1000).toFixed(3);
    const { code, out, error } = await this.#sandbox.run(
      ["timeout", "--signal=KILL", seconds, "kloros", "migrate", direction, ...waiverFor(direction)],
      { limitMs: 120_000 },
    );
    if (code === 0) return;
    if (code !== KILLED) throw new Error(`migrate ${direction} ended with ${code}:\n${out}${error}`);
    // It may have been done, and only its last words are missing.
    const { position, pending } = this.state();
    if (position === before || pending !== null) await this.change(direction);
  }

  state(): State {
    try {
      return JSON.parse(readFileSync(this.pathOf(STATE), "utf8")) as State;
    } catch {
      return { position: -1, pending: null, history: [] };
    }
  }

  async report(): Promise<Report> {
    const { out, error } = await this.kloros("migrate", "status", "--json");
    expect(error).toBe("");
    return JSON.parse(out) as Report;
  }

  async oldIsOn(): Promise<boolean> {
    return (await this.#sandbox.run(["systemctl", "is-active", "kloros-orchestrator.timer"])).code === 0;
  }

  oldRuns(): number {
    return oldRuns(this.pathOf(""));
  }

  /** Names, modes, owners, times and bytes of everything that the clean-up moves. */
  async oldFiles(): Promise<string> {
    const script = `cd / && find etc/systemd/system/kloros-orchestrator.* ${OLD_SOURCE.slice(1)}/kloros/orchestration -printf '%p %y %m %u %g %Ts %l\\n' -type f -exec sha256sum {} + 2>/dev/null | grep -v '^${OLD_SOURCE.slice(1)}/kloros/orchestration d' | sort`;
    return (await this.#sandbox.run(["sh", "-c", script])).out;
  }

  async dropIns(): Promise<string> {
    return (
      await this.#sandbox.run(["sh", "-c", "ls /etc/systemd/system/kloros-*.d/50-migrate.conf 2>/dev/null"])
    ).out;
  }

  /** An intent that nobody understands, of another user than the services': it is put aside with its reason. */
  async rejectsForeign(name: string): Promise<void> {
    writeFileSync(this.pathOf(`${OLD_HOME}/intents/${name}.json`), '{"type":"no such type"}');
    const kept = this.pathOf(`${OLD_HOME}/intents/rejected/${name}.json`);
    await this.until(kept, () => existsSync(kept));
  }

  /** Somebody works; and while nobody hands anything over, only this side does. */
  async somethingIsDone(side: "old" | "ours"): Promise<void> {
    const did = side === "old" ? oldDid : oursDid;
    const root = this.pathOf("");
    const before = did(root).length;
    await this.until(`an intent that the ${side} side processes`, () => did(root).length > before);
  }

  /** Ends the stream, and waits until all that was written is done. */
  async expectEachOnce(): Promise<void> {
    this.#stream.stop();
    const root = this.pathOf("");
    const all = (): readonly string[] => [...oldDid(root), ...oursDid(root)];
    const { written } = this.#stream;
    // However slow the old side is: only a standstill is waited for in vain.
    for (let done = -1; done < written.length; done = new Set(all()).size) {
      const before = done;
      await this.until("another intent to be processed", () => new Set(all()).size > before);
    }
    expect(all().toSorted()).toEqual(written.toSorted());
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const limit = performance.now() + WAIT_MS_MAX;
    while (!condition()) {
      if (performance.now() > limit) throw new Error(`waited in vain for ${what}\n${await this.#story()}`);
      await Bun.sleep(LOOK_MS);
    }
  }

  async #story(): Promise<string> {
    const status = await this.kloros("migrate", "status");
    const log = await this.#sandbox.run(["journalctl", "-q", "-p", "warning", "-o", "cat", "-n", "20"]);
    return `${status.out}${status.error}${log.out}`;
  }
}

const WAIVED = ["--now", "--reason", "a trial"];

/** Back is not waived: what was taken up is finished first. */
function waiverFor(direction: "next" | "back"): readonly string[] {
  return direction === "next" ? WAIVED : [];
}
