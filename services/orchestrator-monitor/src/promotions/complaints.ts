/** One warning for each content of a broken file, and for each reason why a directory cannot be read. */
import type { ServiceContext } from "@kloros/daemon";
import type { DirectoryLook } from "./promotion.ts";
import { describe } from "./readings.ts";

export interface Complaints {
  tell(look: DirectoryLook): void;
}

export function createComplaints({ log, count }: Pick<ServiceContext, "log" | "count">): Complaints {
  const known = new Map<string, ReadonlySet<string>>();
  return {
    tell: (look) => {
      const directory = look.place.path;
      const before = known.get(directory);
      const now = new Set<string>();
      const say = (key: string, text: string): void => {
        now.add(key);
        if (before?.has(key) === true) return;
        count("promotions_broken_total");
        log.warn({ directory }, text);
      };
      if (look.failed !== undefined) say(look.failed, `promotions cannot be looked through: ${look.failed}`);
      for (const one of look.broken) {
        say(
          `${one.file}@${one.fingerprint}`,
          `${directory}/${describe(one)} (not told of as waiting until then)`,
        );
      }
      known.set(directory, now);
    },
  };
}
