#!/usr/bin/env bash
# packaging/check.sh: what is held of the packages in build/package/ (of this machine's architecture).
#   lintian has nothing to say; what the core package brings along to a bare Debian stays small.
set -euo pipefail
cd "$(dirname "$0")/.."

MOST_PACKAGES=10
MOST_KB=10240

out=build/package/$(dpkg --print-architecture)

fail() { printf 'packaging/check.sh: %s\n' "$*" >&2; exit 1; }

# Left out: a script for other init systems, and words that
# the compiler cut out of constants.
lint() {
    lintian --allow-root --fail-on error,warning,info --profile debian --display-info \
        --suppress-tags package-supports-alternative-init-but-no-init.d-script,spelling-error-in-binary \
        "$out"/*.changes || fail "lintian complains; lintian-explain-tags says what each tag means"
    echo "lintian: clean"
}

# would_install PACKAGE...: names of all that apt would put on an empty system.
would_install() {
    apt-get --simulate --no-install-recommends -o Dir::State::status=/dev/null install "$@" |
        awk '$1 == "Inst" { print $2 }' | sort
}

# What a system without anything but dpkg's essential packages and apt gets with the core package.
dependencies() {
    local bare=() names kb
    mapfile -t bare < <(dpkg-query -W -f '${Essential} ${Package}\n' | sed -n 's/^yes //p')
    names=$(comm -13 <(would_install "${bare[@]}" apt) <(would_install "${bare[@]}" apt "./$(core_package)") |
        grep -vx cxedge)
    # shellcheck disable=SC2086  # one word a package
    kb=$(apt-cache --no-all-versions show $names | awk '$1 == "Installed-Size:" { sum += $2 } END { print sum }')
    printf 'dependencies of cxedge on a bare Debian: %d packages (at most %d), %d KB installed (at most %d):\n  %s\n' \
        "$(wc -l <<<"$names")" $MOST_PACKAGES "$kb" $MOST_KB "$(paste -sd' ' <<<"$names")"
    (($(wc -l <<<"$names") <= MOST_PACKAGES && kb <= MOST_KB)) || fail "that is more than agreed"
}

core_package() { find "$out" -name 'cxedge_*.deb'; }

lint
dependencies
