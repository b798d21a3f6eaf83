#!/usr/bin/env bash
# packaging/check.sh [--twice]: what is held of the packages in build/package/ (of this machine's architecture).
#   lintian has nothing to say; what the core package brings along to a bare Debian stays small; the list of
#   libraries for other architectures is complete.
#   --twice: a second clone elsewhere, compiled anew, gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

MOST_PACKAGES=10
MOST_KB=10240

out=build/package/$(dpkg --print-architecture)

fail() { printf 'packaging/check.sh: %s\n' "$*" >&2; exit 1; }

# Left out: a script for other init systems; words that the compiler cut out of constants; a page that the
# device programs share; and that a program calls nothing that has a fortified form (the flag is there).
lint() {
    lintian --allow-root --fail-on error,warning,info --profile debian --display-info \
        --suppress-tags package-supports-alternative-init-but-no-init.d-script,spelling-error-in-binary,spare-manual-page,hardening-no-fortify-functions \
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

# What dpkg-shlibdeps found on this machine is what cross.shlibs says for the others.
cross_list() {
    [[ $(. /etc/os-release && echo "$VERSION_CODENAME") == bookworm ]] || return 0
    local found missing
    found=$(for deb in "$out"/cxedge{,-camera,-devices,-probes}_*.deb; do dpkg-deb -f "$deb" Depends; done | tr ',' '\n' |
        sed 's/^ *//; s/ .*//; /^cxedge$/d; /^systemd-/d' | sort -u)
    missing=$(comm -23 <(cat <<<"$found") <(sed 's/#.*//' packaging/cross.shlibs | awk '{ print $3 }' | sort -u))
    [[ -z $missing ]] || fail "packaging/cross.shlibs lacks $(paste -sd' ' <<<"$missing")"
    echo "libraries for other architectures: all $(wc -l <<<"$found") packages are in the list"
}

# Another folder, nothing taken from the compiler's cache (but put into it, with the paths of all clones).
build_again() {
    local again=$1
    git clone --quiet --no-hardlinks . "$again"
    (
        cd "$again"
        export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_RECACHE=1
        cmake --preset release >"$scratch/log"
        cmake --build --preset release --parallel "${CXEDGE_JOBS:-$(nproc)}" --target product >>"$scratch/log" || { tail -n 40 "$scratch/log" >&2; exit 1; }
        packaging/build.sh release >>"$scratch/log"
    )
}

twice() {
    [[ $(core_package) != *dirty* ]] || fail "--twice compares a commit: commit or stash your changes first"
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    build_again "$scratch/clone"
    local deb other different=0
    for deb in "$out"/*.deb; do
        other=$scratch/clone/$deb
        if cmp --quiet "$deb" "$other"; then
            echo "the same twice: $(sha256sum "$deb" | cut -c1-16)... ${deb##*/}"
        else
            echo "DIFFERENT: ${deb##*/} ($(stat -c %s "$deb") and $(stat -c %s "$other") bytes)" >&2
            different=1
        fi
    done
    return $different
}

lint
dependencies
cross_list
if [[ ${1:-} == --twice ]]; then twice; fi
