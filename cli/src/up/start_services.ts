/** The processes of one `up`, and what connects them to the view. */
import { join } from "node:path";
import { healthSocketPath, RotatingLog } from "@kloros/daemon";
import { drySignal } from "./flow/dry_signal.ts";
import type { FlowTally } from "./flow/flow_tally.ts";
import type { OpenedHome } from "./open_home.ts";
import { serviceCommand } from "./service_command.ts";
import { ServiceGroup } from "./service_group.ts";
import { UP_SERVICES, type UpService } from "./service_list.ts";
import { ServiceProcess } from "./service_process.ts";
import type { View } from "./view/view.ts";

export interface Surroundings {
  readonly home: OpenedHome;
  readonly view: View;
  readonly tally: FlowTally;
  readonly onGaveUp: (service: string) => void;
}

/** Makes them all; starts none. Throws when a log cannot be opened. */
export function makeServices(around: Surroundings): ServiceGroup {
  return new ServiceGroup(UP_SERVICES.map((service) => makeOne(service, around)));
}

function makeOne(service: UpService, { home, view, tally, onGaveUp }: Surroundings): ServiceProcess {
  const { name } = service;
  return new ServiceProcess({
    service,
    command: [...serviceCommand(name), ...home.flags],
    // Its output goes to a log: JSON lines, also where the terminal would be recognised.
    env: { ...home.env, KLOROS_LOG_FORMAT: "json" },
    socketPath: healthSocketPath(home.paths, name),
    log: new RotatingLog(join(home.paths.logs, `${name}.log`)),
    onEvent: (event) => {
      view.service(name, event);
      if (event.kind === "gave_up") onGaveUp(name);
    },
    onLine: (line) => {
      const signal = home.mode === "observe" ? drySignal(name, line) : undefined;
      if (signal === undefined) return;
      tally.add(signal);
      view.signal(signal, true);
    },
    onRecord: (record) => {
      view.record(record);
    },
  });
}
