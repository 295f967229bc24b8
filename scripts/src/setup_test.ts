import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * setup.sh in a clone of a few lines, on a PATH that holds only what a test puts there. No network: npm and bun
 * are scripts that behave as the real ones do at the one place that matters.
 */
const TOOLS = "sh sed ldd uname grep cat cksum mkdir rm mv ln chmod id head dirname sleep env".split(" ");
const VERSION = "9.8.7";
const PLATFORM_PACKAGE = "node_modules/@oven";

let folder: string;
let clone: string;
let bin: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "set up-"));
  clone = join(folder, "clone");
  bin = join(folder, "bin");
  mkdirSync(bin);
  mkdirSync(join(clone, "scripts"), { recursive: true });
  mkdirSync(join(clone, "packages/zmq/scripts"), { recursive: true });
  mkdirSync(join(clone, "services/a"), { recursive: true });
  cpSync(join(import.meta.dirname, "../setup.sh"), join(clone, "scripts/setup.sh"));
  for (const path of [
    "bun.lock",
    "bunfig.toml",
    "cli/package.json",
    "packages/zmq/package.json",
    "services/a/package.json",
  ]) {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), "");
  }
  writeFileSync(join(clone, "package.json"), `{\n  "packageManager": "bun@${VERSION}"\n}\n`);
  for (const tool of TOOLS) symlinkSync(Bun.which(tool) ?? `/bin/${tool}`, join(bin, tool));
});
afterEach(() => {
  chmodSync(clone, 0o755);
  rmSync(folder, { recursive: true });
});

function program(path: string, script: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** A Bun that tells its version, notes what it was asked to do, and "links" libzmq. */
function fakeBun(version: string): string {
  return `case "$1" in
  --version) echo ${version} ;;
  *.ts) echo link >>"${folder}/calls"; : >"${clone}/packages/zmq/libzmq.so" ;;
  *) echo "$1" >>"${folder}/calls"; mkdir -p node_modules ;;
esac`;
}

/** An npm that puts a Bun where the platform's package has it. */
function fakeNpm(version: string): string {
  return `while [ "$1" != --prefix ]; do shift; done
prefix=$2; for last; do :; done; package=\${last%@*}
mkdir -p "$prefix/node_modules/$package/bin"
cat >"$prefix/node_modules/$package/bin/bun" <<'END'
#!/bin/sh
${fakeBun(version)}
END
echo "$package" >>"${folder}/downloads"`;
}

function setup(): { code: number; said: string; bun: string } {
  const script = `set -eu; root="${clone}"; . "$root/scripts/setup.sh"; echo "$BUN"`;
  const run = Bun.spawnSync(["/bin/sh", "-c", script], {
    env: { PATH: bin, HOME: join(folder, "home") },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 10_000,
  });
  return { code: run.exitCode, said: run.stderr.toString(), bun: run.stdout.toString().trim() };
}

function noted(name: "calls" | "downloads"): string[] {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
}

describe("setup.sh", () => {
  test("uses the pinned Bun from PATH, installs once, and says nothing the second time", () => {
    program(join(bin, "bun"), fakeBun(VERSION));
    const first = setup();
    expect(first).toMatchObject({ code: 0, bun: join(bin, "bun") });
    expect(first.said).toContain("installing the locked dependencies");
    expect(noted("calls")).toEqual(["install", "link"]);
    expect(setup()).toMatchObject({ code: 0, said: "" });
    expect(noted("calls")).toHaveLength(2);
  });

  test("installs again when the lock or a package changes, and links libzmq again when it is gone", () => {
    program(join(bin, "bun"), fakeBun(VERSION));
    setup();
    writeFileSync(join(clone, "bun.lock"), "changed");
    setup();
    expect(noted("calls")).toEqual(["install", "link", "install", "link"]);
    rmSync(join(clone, "packages/zmq/libzmq.so"));
    setup();
    expect(noted("calls").slice(4)).toEqual(["link"]);
  });

  test("fetches the pinned Bun into the clone when there is only Node, and finds it there afterwards", () => {
    program(join(bin, "node"), "");
    program(join(bin, "npm"), fakeNpm(VERSION));
    const first = setup();
    expect(first).toMatchObject({ code: 0, bun: join(clone, `.tools/bun-${VERSION}/bun`) });
    expect(first.said).toContain(`installing Bun ${VERSION}`);
    expect(setup()).toMatchObject({ code: 0, said: "" });
    expect(noted("downloads")).toHaveLength(1);
    expect(existsSync(join(folder, "home"))).toBe(false);
  });

  test("does not take a Bun of another version for the pinned one", () => {
    program(join(bin, "bun"), fakeBun("1.0.0"));
    program(join(bin, "node"), "");
    program(join(bin, "npm"), fakeNpm(VERSION));
    expect(setup().bun).toBe(join(clone, `.tools/bun-${VERSION}/bun`));
  });

  test("lets a Bun of another version fetch the pinned one when there is no npm", () => {
    const fetches = `mkdir -p ${PLATFORM_PACKAGE}/\${p#@oven/}/bin; printf '#!/bin/sh\\n%s\\n' '${fakeBun(VERSION)}' >${PLATFORM_PACKAGE}/\${p#@oven/}/bin/bun`;
    program(
      join(bin, "bun"),
      `case "$1" in --version) echo 1.0.0 ;; add) for p; do :; done; p=\${p%@*}; ${fetches} ;; esac`,
    );
    expect(setup()).toMatchObject({ code: 0, bun: join(clone, `.tools/bun-${VERSION}/bun`) });
  });

  test("picks the build for the processor and the C library", () => {
    program(join(bin, "node"), "");
    program(join(bin, "npm"), fakeNpm(VERSION));
    program(join(bin, "ldd"), "echo 'musl libc (aarch64)' >&2; exit 1");
    program(join(bin, "uname"), '[ "$1" = -s ] && echo Linux || echo aarch64');
    setup();
    expect(noted("downloads")).toEqual(["@oven/bun-linux-aarch64-musl"]);
  });

  test("says what is missing when there is neither Node nor Bun", () => {
    const { code, said } = setup();
    expect(code).toBe(1);
    expect(said).toContain(`neither npm (Node) nor bun is on PATH, so Bun ${VERSION} cannot be fetched`);
    expect(said).toContain("Install Node 18 or newer");
    expect(existsSync(join(clone, ".tools/lock"))).toBe(false);
  });

  test("says that the network is the matter when a download fails, and what was being fetched", () => {
    program(join(bin, "node"), "");
    program(join(bin, "npm"), "echo 'npm error ENOTFOUND' >&2; exit 1");
    const { code, said } = setup();
    expect(code).toBe(1);
    expect(said).toContain("npm error ENOTFOUND");
    expect(said).toMatch(/could not fetch @oven\/bun-linux-\S+@9\.8\.7 .*registry/);
    expect(said).toContain("Check the network");
  });

  test("says so when the dependencies cannot be installed, and tries again next time", () => {
    program(
      join(bin, "bun"),
      `[ "$1" != --version ] || { echo ${VERSION}; exit; }; echo 'error: offline' >&2; exit 1`,
    );
    const { code, said } = setup();
    expect(code).toBe(1);
    expect(said).toContain("error: offline\n");
    expect(said).toContain("`bun install --frozen-lockfile` failed");
    program(join(bin, "bun"), fakeBun(VERSION));
    expect(setup().code).toBe(0);
  });

  test("says that a Bun that was fetched does not run here", () => {
    program(join(bin, "node"), "");
    program(join(bin, "npm"), fakeNpm("0.0.1"));
    expect(setup().said).toContain("does not run here: 0.0.1");
  });

  test("refuses a system or processor for which there is no Bun", () => {
    program(join(bin, "uname"), "echo Darwin");
    expect(setup()).toMatchObject({ code: 1, said: expect.stringContaining("this needs Linux") as string });
    program(join(bin, "uname"), '[ "$1" = -s ] && echo Linux || echo riscv64');
    expect(setup()).toMatchObject({ code: 1, said: expect.stringContaining("riscv64") as string });
  });

  test("says which folder cannot be written to", () => {
    program(join(bin, "bun"), fakeBun(VERSION));
    // A file in the folder's place fails for every user, root included.
    writeFileSync(join(clone, ".tools"), "");
    const { code, said } = setup();
    expect(code).toBe(1);
    expect(said).toContain(`cannot write into ${clone}/.tools`);
  });

  test("takes over the lock of a set-up that was killed", () => {
    program(join(bin, "bun"), fakeBun(VERSION));
    mkdirSync(join(clone, ".tools/lock"), { recursive: true });
    const ended = Bun.spawnSync(["true"]);
    writeFileSync(join(clone, ".tools/lock/pid"), String(ended.pid));
    expect(setup().code).toBe(0);
    expect(existsSync(join(clone, ".tools/lock"))).toBe(false);
  });
});
