import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cloneRoot, serviceCommand } from "./service_command.ts";
import { stopOrder, UP_SERVICES } from "./service_list.ts";

test("services stop in the order sources, workers, bus", () => {
  const order = stopOrder(UP_SERVICES.map((service) => ({ service })));
  expect(order.map((group) => group.map(({ service }) => service.name))).toEqual([
    ["intent-router", "curiosity-core"],
    [
      "investigation-consumer",
      "semantic-dedup",
      "capability-integrator",
      "orchestrator-monitor",
      "policy-engine",
      "dream-consumer",
      "winner-deployer",
    ],
    ["chemical-bus"],
  ]);
});

test("from source every service is its own main, ended with its parent", () => {
  for (const { name } of UP_SERVICES) {
    const [, preload, guard, main] = serviceCommand(name);
    expect(preload).toBe("--preload");
    expect(existsSync(guard ?? "")).toBe(true);
    expect(main).toBe(`${cloneRoot()}/services/${name}/src/main.ts`);
    expect(existsSync(main ?? "")).toBe(true);
  }
});

test("compiled, the program calls itself", () => {
  const place = { directory: "/$bunfs/root/cli/src/up", executable: "/usr/bin/kloros" };
  expect(serviceCommand("intent-router", place)).toEqual(["/usr/bin/kloros", "run-service", "intent-router"]);
});
