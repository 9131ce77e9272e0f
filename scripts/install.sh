#!/usr/bin/env bash
# Finds what is missing for `make up`, `make test` or `make check`, and installs it where it may:
# as root or by sudo without a password, through apt, dnf or Homebrew. Otherwise it prints the
# commands to run. BESEDA_INSTALL=no forbids installing.
#
# usage: scripts/install.sh up|test|check
set -euo pipefail

what_for=${1:-up}
least_postgres=15
least_node=20
missing=()   # packages, by our names: postgres redis chromium cc python
unmet=()     # what a person has to install, as sentences

say() { printf '%s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }

postgres_is_there() {
    local program version
    for program in /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres \
        /opt/homebrew/opt/postgresql*/bin/postgres /usr/local/opt/postgresql*/bin/postgres \
        /Applications/Postgres.app/Contents/Versions/*/bin/postgres "$(command -v postgres || true)"; do
        if [ -x "$program" ] && [ -x "${program%postgres}initdb" ]; then
            version=$("$program" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
            [ "$version" -ge "$least_postgres" ] && return 0
        fi
    done
    return 1
}

redis_is_there() { has redis-server || has valkey-server; }

chromium_is_there() {
    has chromium || has chromium-browser || has google-chrome || [ -n "${BESEDA_CHROMIUM:-}" ] ||
        [ -d "/Applications/Chromium.app" ] || [ -d "/Applications/Google Chrome.app" ]
}

# With what makes environments of its own, which Debian packs apart.
python_is_there() { has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; }

node_is_there() {
    has node && has npm && [ "$(node --version | sed -E 's/v([0-9]+).*/\1/')" -ge "$least_node" ]
}

look() {
    missing=()
    unmet=()
    has cargo || unmet+=("Rust, from https://rustup.rs")
    has cc || missing+=(cc)
    node_is_there || unmet+=("Node $least_node or newer with npm, from https://nodejs.org")
    case $what_for in
    up | test)
        postgres_is_there || missing+=(postgres)
        redis_is_there || missing+=(redis)
        ;;
    esac
    if [ "$what_for" = test ] && ! chromium_is_there; then
        missing+=(chromium)
    fi
    if [ "$what_for" = test ] && ! python_is_there; then
        missing+=(python)
    fi
}

manager() {
    local candidate
    for candidate in apt-get dnf brew; do
        if has "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

# The names of a package at this package manager.
packages() {
    case "$1 $2" in
    "apt-get postgres") echo "postgresql" ;;
    "apt-get redis") echo "redis-server" ;;
    "apt-get chromium") if grep -qs '^ID=ubuntu' /etc/os-release; then echo "chromium-browser"; else echo "chromium"; fi ;;
    "apt-get python") echo "python3 python3-venv" ;;
    "apt-get cc") echo "gcc libc6-dev" ;;
    "dnf postgres") echo "postgresql-server postgresql-contrib" ;;
    "dnf redis") if dnf -q list redis >/dev/null 2>&1; then echo "redis"; else echo "valkey"; fi ;;
    "dnf chromium") echo "chromium" ;;
    "dnf python") echo "python3" ;;
    "dnf cc") echo "gcc" ;;
    "brew postgres") echo "postgresql@17" ;;
    "brew redis") echo "redis" ;;
    "brew chromium") echo "--cask chromium" ;;
    "brew python") echo "python" ;;
    "brew cc") echo "gcc" ;;
    esac
}

# The commands that install what is missing, one a line.
commands() {
    local with=$1 all="" name
    for name in "${missing[@]}"; do
        if [ "$with" = brew ]; then
            echo "brew install $(packages brew "$name")"
        else
            all="$all $(packages "$with" "$name")"
        fi
    done
    case $with in
    apt-get)
        echo "apt-get update"
        echo "apt-get install --yes --no-install-recommends$all"
        ;;
    dnf) echo "dnf install --assumeyes$all" ;;
    esac
}

# Debian starts the servers it installs. These lines keep them from starting now (policy-rc.d) and
# at the next boot (disable), unless they were there before. What was there is put back.
policy=/usr/sbin/policy-rc.d
policy_saved=

hold_services() {
    if [ -e "$policy" ]; then
        policy_saved=$(as_root mktemp "$policy.XXXXXX")
        as_root mv "$policy" "$policy_saved"
    fi
    trap release_services EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

release_services() {
    trap - EXIT
    as_root rm -f "$policy"
    if [ -n "$policy_saved" ]; then
        as_root mv "$policy_saved" "$policy"
        policy_saved=
    fi
}

disable_service() {
    if has systemctl; then
        as_root systemctl disable --quiet "$1" 2>/dev/null || true
    fi
    if has update-rc.d && [ -e "/etc/init.d/$1" ]; then
        as_root update-rc.d "$1" disable >/dev/null 2>&1 || true
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo --non-interactive "$@"
    fi
}

may_install() {
    [ "${BESEDA_INSTALL:-yes}" != no ] || return 1
    [ "$1" = brew ] || [ "$(id -u)" = 0 ] || { has sudo && sudo --non-interactive true 2>/dev/null; }
}

# PostgreSQL's own packages, where the distribution's are too old (Ubuntu 22.04).
use_postgres_repository() {
    local candidate
    candidate=$(apt-cache policy postgresql | sed -nE 's/ *Candidate: ([0-9]+).*/\1/p')
    if [ -n "$candidate" ] && [ "$candidate" -lt "$least_postgres" ]; then
        say "this system's PostgreSQL is $candidate: adding PostgreSQL's own package repository"
        as_root apt-get install --yes --no-install-recommends postgresql-common ca-certificates
        as_root /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y
    fi
}

is_missing() {
    local name
    for name in "${missing[@]}"; do
        [ "$name" = "$1" ] && return 0
    done
    return 1
}

install_by_apt() {
    export DEBIAN_FRONTEND=noninteractive
    local all=() name
    for name in "${missing[@]}"; do
        # shellcheck disable=SC2207 # several packages on purpose
        all+=($(packages apt-get "$name"))
    done
    as_root apt-get update -q
    hold_services
    if is_missing postgres; then use_postgres_repository; fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q --yes --no-install-recommends "${all[@]}"
    release_services
    if is_missing postgres; then disable_service postgresql; fi
    if is_missing redis; then disable_service redis-server; fi
}

install_missing() {
    local with=$1 command
    say "installing what is missing: ${missing[*]}"
    commands "$with" | sed 's/^/  /'
    if [ "$with" = apt-get ]; then
        install_by_apt
        return
    fi
    while read -r command; do
        # shellcheck disable=SC2086 # a command with its arguments
        if [ "$with" = brew ]; then $command; else as_root $command; fi
    done < <(commands "$with")
}

refuse() {
    local with=$1 prefix="" sentence
    say "Missing on this machine, for \`make $what_for\`:"
    for sentence in ${unmet[@]+"${unmet[@]}"}; do
        say "  - $sentence"
    done
    if [ "${#missing[@]}" -gt 0 ]; then
        say "  - ${missing[*]}"
        if [ -n "$with" ]; then
            [ "$(id -u)" = 0 ] || [ "$with" = brew ] || prefix="sudo "
            say "Run, then try again:"
            commands "$with" | sed "s/^/  $prefix/"
        else
            say "Install PostgreSQL $least_postgres or newer, redis-server, a C compiler and, for tests, Chromium and Python 3 with venv."
        fi
    fi
    exit 1
}

look
if [ "${#missing[@]}" -eq 0 ] && [ "${#unmet[@]}" -eq 0 ]; then
    exit 0
fi
with=$(manager)
if [ "${#missing[@]}" -gt 0 ] && [ -n "$with" ] && may_install "$with"; then
    install_missing "$with"
    look
fi
if [ "${#missing[@]}" -gt 0 ] || [ "${#unmet[@]}" -gt 0 ]; then
    refuse "$with"
fi
say "everything needed is installed"
