import { pureDecisions } from "./tidy_decide.ts";
import { fileNames, vagueNames, versionsBeside } from "./tidy_names.ts";
import { packageDoors, packageReadme } from "./tidy_packages.ts";
import {
  explicitDoors,
  functionLength,
  noAny,
  noDefaultExports,
  noExportStar,
  parses,
  processWide,
} from "./tidy_syntax.ts";
import { fileLength, generatedHeaders, noLooseEnds, noMachinePaths, shortMains } from "./tidy_text.ts";
import type { Finding, TreeFile } from "./tree_files.ts";

export interface Remark {
  readonly line: number;
  readonly message: string;
}

/** A rule of the house: looks at one file, with the others at hand. */
export interface Rule {
  readonly name: string;
  /** One sentence: shown with each finding's first occurrence, and in CONTRIBUTING. */
  readonly why: string;
  check(file: TreeFile, tree: ReadonlyMap<string, TreeFile>): readonly Remark[];
}

export const RULES: readonly Rule[] = [
  parses,
  fileNames,
  vagueNames,
  versionsBeside,
  noDefaultExports,
  noExportStar,
  noAny,
  explicitDoors,
  functionLength,
  fileLength,
  shortMains,
  pureDecisions,
  processWide,
  noLooseEnds,
  noMachinePaths,
  generatedHeaders,
  packageReadme,
  packageDoors,
];

/** An exception, with its reason. One that nothing needs any more is a finding itself. */
export interface Allowance {
  readonly rule: string;
  readonly path: string;
  readonly reason: string;
}

export function checkTree(files: readonly TreeFile[], allowances: readonly Allowance[]): Finding[] {
  const tree = new Map(files.map((file) => [file.path, file]));
  const used = new Set<Allowance>();
  const findings = files.flatMap((file) =>
    RULES.flatMap((rule): Finding[] => {
      const remarks = rule.check(file, tree);
      const allowance = allowances.find((one) => one.rule === rule.name && one.path === file.path);
      if (allowance === undefined)
        return remarks.map((remark) => ({ rule: rule.name, path: file.path, ...remark }));
      if (remarks.length > 0) used.add(allowance);
      return [];
    }),
  );
  return [...findings, ...allowances.filter((one) => !used.has(one)).map(staleAllowance)];
}

function staleAllowance({ rule, path, reason }: Allowance): Finding {
  const message = `nothing needs the exception for ${rule} any more (${reason}): remove it`;
  return { rule: "allowances", path, line: 1, message };
}
