/** The names of the rules that there are. */
import { existsSync } from "node:fs";
import type { Installation } from "@kloros/daemon";

/** Of the file, and of the rules that the engine had in force last; a damaged one of them must not keep anybody from pausing. */
export async function ruleNames(paths: Installation): Promise<readonly string[]> {
  const [ofFile, inForce] = await Promise.all([namesOfFile(paths), namesInForce(paths)]);
  return [...new Set([...ofFile, ...inForce])];
}

async function namesOfFile({ policies }: Installation): Promise<readonly string[]> {
  if (!existsSync(policies)) return [];
  const { checkPolicies } = await import("@kloros/policy-engine");
  return (await checkPolicies(policies)).rules.map(({ name }) => name);
}

async function namesInForce(paths: Installation): Promise<readonly string[]> {
  const { openDecisions } = await import("@kloros/policy-engine");
  try {
    const decisions = openDecisions(paths);
    const names = (decisions.rules()?.rules ?? []).map(({ name }) => name);
    decisions.close();
    return names;
  } catch {
    return [];
  }
}
