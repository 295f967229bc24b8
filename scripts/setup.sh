# shellcheck shell=sh
# What every command here needs before it starts: the pinned Bun, the locked dependencies, libzmq in its place.
#
# Sourced by up, test, build and bench, with `root` set to the clone. Afterwards `BUN` is the runtime and comes
# first on PATH. Writes only inside the clone (`.tools`, `.cache`, `node_modules`), says one line for each thing
# it does, and needs the network only for what is not there yet: a second run says nothing and downloads nothing.

setup_say() { printf 'setup: %s\n' "$*" >&2; }

setup_die() {
  printf 'setup: %s\n' "$1" >&2
  shift
  for setup_line in "$@"; do printf '       %s\n' "$setup_line" >&2; done
  exit 1
}

# The version in `"packageManager": "bun@1.4.5"`: the one place that names it.
setup_pinned_version() {
  sed -n 's/.*"packageManager"[^"]*"bun@\([0-9][^"+]*\).*/\1/p' "$root/package.json"
}

setup_is_pinned() { [ -x "$1" ] && [ "$("$1" --version 2>/dev/null)" = "$setup_version" ]; }

# libc and instruction set decide which of Bun's builds runs here; libzmq exists for the same four.
setup_platform() {
  [ "$(uname -s)" = Linux ] ||
    setup_die "this needs Linux; \`uname -s\` says $(uname -s)" "Use a Linux machine, a container or WSL 2."
  setup_libc=
  case "$(ldd --version 2>&1)" in *musl*) setup_libc=-musl ;; esac
  case "$(uname -m)" in
    x86_64 | amd64)
      setup_package=bun-linux-x64$setup_libc
      grep -qw avx2 /proc/cpuinfo 2>/dev/null || setup_package=$setup_package-baseline
      ;;
    aarch64 | arm64) setup_package=bun-linux-aarch64$setup_libc ;;
    *) setup_die "there is no Bun for this processor: \`uname -m\` says $(uname -m)" \
      "x86-64 and arm64 are supported." ;;
  esac
}

setup_writable() {
  mkdir -p "$1" 2>/dev/null && : 2>/dev/null >"$1/.writable.$$" && rm -f "$1/.writable.$$" && return 0
  setup_die "cannot write into $1" \
    "Dependencies are installed inside the clone. Make it writable for $(id -un 2>/dev/null || id -u), or clone to another place."
}

# One set-up at a time in a clone. A lock whose holder is gone is taken over.
setup_lock() {
  setup_writable "$root/.tools"
  setup_waited=0
  until mkdir "$root/.tools/lock" 2>/dev/null; do
    setup_holder=$(cat "$root/.tools/lock/pid" 2>/dev/null || echo)
    if [ "$setup_waited" -ge 2 ] && { [ -z "$setup_holder" ] || ! kill -0 "$setup_holder" 2>/dev/null; }; then
      rm -rf "$root/.tools/lock"
      continue
    fi
    [ "$setup_waited" -ne 2 ] || setup_say "waiting for another set-up in this clone (pid $setup_holder)"
    [ "$setup_waited" -lt 300 ] ||
      setup_die "another set-up (pid $setup_holder) has held $root/.tools/lock for 5 minutes" "End it and try again."
    sleep 1
    setup_waited=$((setup_waited + 1))
  done
  echo $$ >"$root/.tools/lock/pid"
  trap 'rm -rf "$root/.tools/lock" "$root/.tools/staging.$$"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

setup_unlock() {
  rm -rf "$root/.tools/lock"
  trap - EXIT INT TERM HUP
}

# Only the platform's own package, without install scripts: `bun`'s postinstall does nothing but pick it.
setup_download_bun() {
  setup_staging=$root/.tools/staging.$$
  rm -rf "$root"/.tools/staging.*
  mkdir -p "$setup_staging"
  echo '{"private":true}' >"$setup_staging/package.json"
  if command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1; then
    npm install >/dev/null --prefix "$setup_staging" --cache "$root/.cache/npm" --no-save --ignore-scripts --no-audit --no-fund \
      --no-update-notifier --loglevel=error --fetch-retries=1 "@oven/$setup_package@$setup_version"
  elif command -v bun >/dev/null 2>&1; then
    (cd "$setup_staging" && BUN_INSTALL_CACHE_DIR=$root/.cache/bun bun add --silent --ignore-scripts \
      "@oven/$setup_package@$setup_version")
  else
    setup_die "neither npm (Node) nor bun is on PATH, so Bun $setup_version cannot be fetched" \
      "Install Node 18 or newer, or Bun (https://bun.sh), and try again."
  fi || setup_die "could not fetch @oven/$setup_package@$setup_version from the npm registry (its message is above)" \
    "Check the network (a proxy is taken from https_proxy, a private certificate from NODE_EXTRA_CA_CERTS)," \
    "or put Bun $setup_version on PATH yourself."
}

setup_bun() {
  for setup_candidate in "$(command -v bun 2>/dev/null)" "$root/.tools/bun-$setup_version/bun"; do
    if [ -n "$setup_candidate" ] && setup_is_pinned "$setup_candidate"; then
      BUN=$setup_candidate
      return
    fi
  done
  setup_platform
  setup_lock
  BUN=$root/.tools/bun-$setup_version/bun
  if ! setup_is_pinned "$BUN"; then
    setup_say "installing Bun $setup_version ($setup_package, about 100 MB) from the npm registry into .tools/bun-$setup_version"
    setup_download_bun
    mkdir -p "$root/.tools/bun-$setup_version"
    mv -f "$setup_staging/node_modules/@oven/$setup_package/bin/bun" "$BUN"
    rm -rf "$setup_staging"
    chmod 755 "$BUN"
    ln -sf bun "$root/.tools/bun-$setup_version/bunx"
    setup_is_pinned "$BUN" || setup_die "$BUN does not run here: $("$BUN" --version 2>&1 | head -n 1)" \
      "It was fetched as @oven/$setup_package for this machine; put a Bun $setup_version that runs on PATH instead."
  fi
  setup_unlock
}

# What decides the installed tree. Every workspace's package.json is in it, so that a new package is noticed.
setup_wanted() {
  (
    cd "$root" && echo "$setup_version $(uname -m)" &&
      cat bun.lock bunfig.toml package.json ./*/package.json ./packages/*/package.json ./services/*/package.json &&
      { cat ./patches/* 2>/dev/null || :; }
  ) | cksum
}

setup_dependencies() {
  setup_stamp=$root/node_modules/.installed
  [ "$(cat "$setup_stamp" 2>/dev/null)" != "$(setup_wanted)" ] || return 0
  setup_lock
  setup_say "installing the locked dependencies into node_modules (download cache: .cache/bun)"
  setup_writable "$root/node_modules"
  (cd "$root" && BUN_INSTALL_CACHE_DIR=${BUN_INSTALL_CACHE_DIR:-$root/.cache/bun} \
    "$BUN" install --frozen-lockfile --silent) ||
    setup_die "\`bun install --frozen-lockfile\` failed (its message is above)" \
      "No network: connect once, later runs need none. \"lockfile had changes\": run \`bun install\` and commit bun.lock."
  setup_libzmq again
  setup_wanted >"$setup_stamp"
  setup_unlock
}

# The prebuilt libzmq lies in a dependency under a name that cannot be embedded; the package's script copies it.
setup_libzmq() {
  [ ! -e "$root/packages/zmq/libzmq.so" ] || [ "${1:-}" = again ] || return 0
  setup_say "putting libzmq in its place: packages/zmq/libzmq.so"
  "$BUN" "$root/packages/zmq/scripts/link_libzmq.ts" >/dev/null ||
    setup_die "libzmq could not be put in its place (the message is above)"
}

setup_main() {
  # A private or proxied registry is often trusted by the machine's own store only.
  if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r /etc/ssl/certs/ca-certificates.crt ]; then
    export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
  fi
  # Bun keeps what it compiled from large files; like everything else that belongs in the clone.
  export BUN_RUNTIME_TRANSPILER_CACHE_PATH="${BUN_RUNTIME_TRANSPILER_CACHE_PATH:-$root/.cache/transpiled}"
  setup_version=$(setup_pinned_version)
  [ -n "$setup_version" ] || setup_die "package.json does not pin a Bun version (\"packageManager\": \"bun@…\")"
  setup_bun
  export BUN
  PATH=$(dirname "$BUN"):$PATH
  export PATH
  setup_dependencies
  setup_libzmq
}

setup_main
