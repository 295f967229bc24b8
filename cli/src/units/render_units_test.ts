import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drainBoundMs } from "@kloros/daemon";
import { SERVICE_NAMES, type ServiceName } from "../multicall/service_names.ts";
import { type InstallLayout, SYSTEM_LAYOUT, userLayout } from "./layout.ts";
import { renderUnits } from "./render_units.ts";
import { OPTIONAL_UNITS } from "./target_unit.ts";
import { unitPages } from "./unit_pages.ts";

const ROOT = join(import.meta.dir, "../../..");
const USER_LAYOUT = userLayout("/home/operator", {});

function unit(name: ServiceName | "target", layout: InstallLayout = SYSTEM_LAYOUT): string {
  const file = name === "target" ? "kloros.target" : `kloros-${name}.service`;
  return renderUnits(layout).find(({ path }) => path === join(layout.unitDirectory, file))?.text ?? "";
}

/** All values of a setting, in order. */
function values(text: string, key: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map((match) => match[1] ?? "");
}

describe("the units of an installation", () => {
  test("are one for each service, the target, and in system mode its user and directories", () => {
    const paths = renderUnits(SYSTEM_LAYOUT).map(({ path }) => path);
    expect(paths).toEqual([
      ...SERVICE_NAMES.map((name) => `/etc/systemd/system/kloros-${name}.service`),
      "/etc/systemd/system/kloros.target",
      "/etc/sysusers.d/kloros.conf",
      "/etc/tmpfiles.d/kloros.conf",
    ]);
    expect(renderUnits(USER_LAYOUT)).toHaveLength(SERVICE_NAMES.length + 1);
  });

  test("name every directory beside an adopted home: what systemd-tmpfiles made by itself would be root's", () => {
    const beside = mkdtempSync(join(tmpdir(), "ku-"));
    mkdirSync(join(beside, ".kloros", "intents"), { recursive: true });
    const layout = { ...SYSTEM_LAYOUT, home: join(beside, ".kloros"), source: join(beside, "src") };
    const text = renderUnits(layout).find(({ path }) => path.endsWith("tmpfiles.d/kloros.conf"))?.text ?? "";
    rmSync(beside, { recursive: true });
    const made = [...text.matchAll(/^d (\S+)/gm)].map((match) => match[1]);
    expect(made).toContain(join(beside, "artifacts", "dream"));
    expect(made).toContain(join(beside, "artifacts"));
    expect(made).not.toContain(beside);
  });

  test.each(SERVICE_NAMES)(
    "%s is restarted for ever, watched, and stopped in more time than its drain takes",
    (name) => {
      for (const layout of [SYSTEM_LAYOUT, USER_LAYOUT]) {
        const text = unit(name, layout);
        const shipped = {
          Type: "notify",
          NotifyAccess: "main",
          Restart: "always",
          RestartSec: "5s",
          WatchdogSec: "30s",
          StartLimitIntervalSec: "0",
          TimeoutStartSec: name === "chemical-bus" ? "15min" : "60s",
          KillMode: "mixed",
          LimitCORE: "0",
          ExecStart: `${layout.programs}/${name}`,
        };
        for (const [key, value] of Object.entries(shipped))
          expect([key, values(text, key)]).toEqual([key, [value]]);
        const stopS = Number.parseInt(values(text, "TimeoutStopSec")[0] ?? "", 10);
        expect(stopS * 1000).toBeGreaterThan(drainBoundMs(10_000));
        expect(text.indexOf("StartLimitIntervalSec")).toBeLessThan(text.indexOf("[Service]"));
      }
    },
  );

  test("follow the bus in order only: a bus that is started again takes nobody with it", () => {
    for (const name of SERVICE_NAMES.filter((one) => one !== "chemical-bus")) {
      const text = unit(name);
      expect(values(text, "After")).toEqual(["kloros-chemical-bus.service"]);
      for (const key of ["Requires", "BindsTo", "Requisite"]) expect(values(text, key)).toEqual([]);
    }
  });

  test("make the target of all but those that an operator enables", () => {
    expect(OPTIONAL_UNITS).toEqual(["kloros-intent-router.service", "kloros-curiosity-core.service"]);
    expect(values(unit("target"), "Wants")).toHaveLength(SERVICE_NAMES.length - 2);
    for (const name of SERVICE_NAMES) expect(values(unit(name), "WantedBy")).toEqual(["kloros.target"]);
    expect(values(unit("target", USER_LAYOUT), "WantedBy")).toEqual(["default.target"]);
  });

  test("let a service write what its manifest names and nothing else of the installation", () => {
    const consumer = unit("dream-consumer");
    expect(values(consumer, "ReadWritePaths")).toEqual([
      "/var/lib/kloros/artifacts/dream",
      "/var/lib/kloros/state",
      "/var/log/kloros",
    ]);
    const investigation = unit("investigation-consumer");
    expect(values(investigation, "ReadWritePaths")).toEqual(["/var/lib/kloros"]);
    expect(values(investigation, "ReadOnlyPaths")).toContain("/var/lib/kloros/state");
    expect(values(investigation, "StateDirectory")).toEqual([]);
    expect(values(unit("chemical-bus"), "StateDirectory")).toEqual(["kloros/state"]);
  });

  test("say why where a service may do more than others", () => {
    const reasons = SERVICE_NAMES.map((name) => [
      name,
      /^# .*(network stays open|of others|stay visible)/m.test(unit(name)),
    ]);
    expect(Object.fromEntries(reasons)).toEqual({
      "chemical-bus": true,
      "intent-router": false,
      "curiosity-core": false,
      "investigation-consumer": true,
      "semantic-dedup": false,
      "capability-integrator": false,
      "orchestrator-monitor": true,
      "policy-engine": false,
      "dream-consumer": true,
      "winner-deployer": true,
    });
  });

  test("do not hide a home below /home, and give the deployer the directory of its environment file", () => {
    const folder = mkdtempSync(join(tmpdir(), "units-"));
    try {
      const home = join(folder, "kloros", ".kloros");
      mkdirSync(join(home, "intents"), { recursive: true });
      const old = { ...SYSTEM_LAYOUT, home, source: join(folder, "kloros", "src") };
      const deployer = unit("winner-deployer", old);
      expect(values(deployer, "ReadWritePaths")).toContain(join(folder, "kloros"));
      expect(values(deployer, "ReadOnlyPaths")).toContain(old.source);
      const usual = { ...SYSTEM_LAYOUT, home: "/home/kloros/.kloros", source: "/home/kloros/src" };
      expect(values(unit("curiosity-core", usual), "ProtectHome")).toEqual(["read-only"]);
      expect(values(unit("curiosity-core"), "ProtectHome")).toEqual(["yes"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("refuse what a unit cannot say", () => {
    const bad: readonly (readonly [Partial<InstallLayout>, string])[] = [
      [{ home: "/srv/my home" }, 'holds " "'],
      [{ programs: "/opt/50%/bin" }, 'holds "%"'],
      [{ home: "kloros" }, "is not absolute"],
      [{ runtime: "/var/run/kloros" }, "must lie below /run"],
      [{ state: "/srv/state" }, "must lie below /var/lib"],
    ];
    for (const [change, said] of bad) {
      let message = "";
      try {
        renderUnits({ ...SYSTEM_LAYOUT, ...change });
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain(said);
    }
  });
});

describe("the units in docs/reference/systemd", () => {
  const pages = unitPages();

  test.each([...pages.keys()])(
    "%s is what is installed (else run: bun cli/src/reference/write.ts)",
    async (path) => {
      expect(await Bun.file(join(ROOT, path)).text()).toBe(pages.get(path) ?? "");
    },
  );

  test("are all there, and no others", () => {
    const found = readdirSync(join(ROOT, "docs/reference/systemd"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
    expect(found.toSorted()).toEqual([...pages.keys()].toSorted());
  });

  test("say where they come from", () => {
    for (const text of pages.values()) expect(text).toMatch(/^# Generated from .*cli\/src\/units/);
  });
});
