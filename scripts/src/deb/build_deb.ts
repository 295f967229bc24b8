/** The Debian package, from the compiled multi-call program. The same sources make the same bytes. */
import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { gzipSync } from "node:zlib";
import { dirname, join } from "node:path";
import { controlText, debianArchitecture, debianVersion } from "./deb_control.ts";
import { describeProgram } from "./deb_description.ts";
import { type DebFile, debFiles } from "./deb_files.ts";
import { CONFIG_FILE } from "./deb_layout.ts";
import { debScripts } from "./deb_scripts.ts";

export interface DebOptions {
  readonly root: string;
  readonly outDir: string;
  /** The compiled multi-call program. */
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Debian's own tool; undefined: it is here. */
export function whyNoDeb(): string | undefined {
  return Bun.which("dpkg-deb") === null
    ? "there is no dpkg-deb on this machine (Debian: apt-get install dpkg); no .deb is built"
    : undefined;
}

/** Where it lies. Throws with what dpkg-deb said. */
export function buildDeb({ root, outDir, program, env }: DebOptions): string {
  const description = describeProgram(program);
  const architecture = debianArchitecture();
  const name = `kloros_${debianVersion(description.version)}_${architecture}.deb`;
  mkdirSync(outDir, { recursive: true });
  const staging = mkdtempSync(join(outDir, ".deb-"));
  try {
    const tree = join(staging, "tree");
    const files = debFiles(description, readFileSync(join(root, "CHANGELOG.md"), "utf8"));
    for (const file of files) place(tree, file, program);
    const control = join(tree, "DEBIAN");
    write(join(control, "conffiles"), `${CONFIG_FILE}\n`, 0o644);
    write(join(control, "md5sums"), sums(tree, files), 0o644);
    for (const script of debScripts(description)) write(join(control, script.name), script.text, 0o755);
    const installedBytes = files.reduce((sum, file) => sum + sizeOf(tree, file), 0);
    const { version } = description;
    write(join(control, "control"), controlText({ version, architecture, installedBytes }), 0o644);
    const epoch = sourceDate(root, env);
    settleTimes(tree, epoch);
    pack(tree, join(staging, name), epoch);
    renameSync(join(staging, name), join(outDir, name));
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return join(outDir, name);
}

function place(tree: string, file: DebFile, program: string): void {
  const path = join(tree, file.path);
  mkdirSync(dirname(path), { recursive: true });
  if (file.kind === "link") symlinkSync(file.target, path);
  else if (file.kind === "text") write(path, file.text, file.mode);
  else if (file.kind === "gzip") write(path, gzipSync(file.text, { level: 9 }), 0o644);
  else {
    copyFileSync(program, path);
    chmodSync(path, 0o755);
  }
}

function write(path: string, content: string | Uint8Array, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
}

/** Of files, not of links; configuration is dpkg's to watch. */
function sums(tree: string, files: readonly DebFile[]): string {
  return files
    .filter(({ kind, path }) => kind !== "link" && path !== CONFIG_FILE)
    .map(
      ({ path }) =>
        `${new Bun.CryptoHasher("md5").update(readFileSync(join(tree, path))).digest("hex")}  ${path.slice(1)}\n`,
    )
    .toSorted()
    .join("");
}

function sizeOf(tree: string, { kind, path }: DebFile): number {
  return kind === "link" ? 0 : statSync(join(tree, path)).size;
}

/** The moment that all files of a package have: of the last commit, or as the builder says. Unix seconds. */
function sourceDate(root: string, env: DebOptions["env"]): number {
  const given = env["SOURCE_DATE_EPOCH"] ?? "";
  if (/^\d+$/.test(given)) return Number(given);
  const git = Bun.spawnSync(["git", "-C", root, "log", "-1", "--format=%ct"], { stderr: "ignore" });
  const said = git.exitCode === 0 ? git.stdout.toString().trim() : "";
  return /^\d+$/.test(said) ? Number(said) : Math.floor(statSync(join(root, "CHANGELOG.md")).mtimeMs / 1000);
}

/** Directories 0755 whatever the builder's umask. */
function settleTimes(path: string, epoch: number): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) settleTimes(inside, epoch);
    else lutimesSync(inside, epoch, epoch);
  }
  chmodSync(path, 0o755);
  utimesSync(path, epoch, epoch);
}

/** zstd packs in a second what xz needs a minute for; dpkg reads it since Debian 12. */
function pack(tree: string, target: string, epoch: number): void {
  const command = [
    "dpkg-deb",
    "-Zzstd",
    "-z3",
    "--threads-max=1",
    "--root-owner-group",
    "--build",
    tree,
    target,
  ];
  const run = Bun.spawnSync(command, {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    stdout: "ignore",
    stderr: "pipe",
  });
  if (run.exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${run.stderr.toString().trim()}`);
}
