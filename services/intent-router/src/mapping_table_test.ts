import { expect, test } from "bun:test";
import { compileTable } from "./mapping_table.ts";

test("an exact type wins over a prefix, a longer prefix over a shorter one", () => {
  const find = compileTable({
    "sensor_*": "Q_RUN_SCANNER",
    "sensor_gpu_*": "Q_HEALTH_ALERT",
    sensor_gpu_test: "reject",
  });
  expect(find("sensor_disk")).toBe("Q_RUN_SCANNER");
  expect(find("sensor_gpu_heat")).toBe("Q_HEALTH_ALERT");
  expect(find("sensor_gpu_test")).toBe("reject");
});

test("the configuration is laid over the built-in table", () => {
  const find = compileTable({ trigger_dream: "reject", "alert_*": "Q_WORKFLOW_SUGGESTED" });
  expect(find("trigger_dream")).toBe("reject");
  expect(find("trigger_other")).toBe("Q_WORKFLOW_SUGGESTED");
  expect(find("alert_gpu_oom")).toBe("Q_WORKFLOW_SUGGESTED");
  expect(find("run_scanner")).toBe("Q_RUN_SCANNER");
});

test.each(["", "unheard_of", "discover", "constructor", "__proto__"])(
  "%p is unknown to the built-in table",
  (type) => {
    expect(compileTable({})(type)).toBeUndefined();
  },
);
