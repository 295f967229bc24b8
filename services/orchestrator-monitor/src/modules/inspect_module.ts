import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Of a module's directory below the source root; nothing there counts as no files. */
export function inspectModule(source: string, modulePath: string): { pyFiles: number; hasInit: boolean } {
  try {
    const names = readdirSync(join(source, ...modulePath.split(".")));
    return {
      pyFiles: names.filter((name) => name.endsWith(".py")).length,
      hasInit: names.includes("__init__.py"),
    };
  } catch {
    return { pyFiles: 0, hasInit: false };
  }
}
