#!/usr/bin/env bash
# tests/package/root.sh ARCH: a minimal Debian with systemd and apt, for tests that boot it. Prints the
# directory, build/boxroot/ARCH-HASH; a finished one is used again, never written to (overlays are).
set -euo pipefail
cd "$(dirname "$0")/../.."

arch=${1:?amd64, arm64 or armhf}
# What a box has before cxedge comes: systemd as PID 1, apt, Debian's own updater.
packages=(systemd systemd-sysv dbus apt ca-certificates unattended-upgrades procps)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")

say() { printf 'root %s: %s\n' "$arch" "$*" >&2; }

# The mirrors are the ones that this machine's apt uses.
sources() {
    # shellcheck disable=SC2016  # apt's and awk's variables
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' |
        awk -v suite="$suite" '$3 == "main" && ($2 == suite || index($2, suite "-") == 1) && !seen[$2]++ {
            print "deb", $1, $2, $3 }'
}

make_root() {
    local options=() file
    # What makes the mirrors reachable from this machine.
    for file in /etc/apt/apt.conf.d/99*; do
        if [[ -f $file ]]; then options+=(--aptopt="$file"); fi
    done
    mmdebstrap --quiet --mode=root --architectures="$arch" --variant=minbase \
        --include="$(IFS=,; echo "${packages[*]}")" "${options[@]}" "$suite" "$1" - < <(sources) >&2
}

key=$({ echo "$suite" "${packages[@]}"; declare -f make_root; } | sha256sum | cut -c1-12)
root=$PWD/build/boxroot/$arch-$key
if [[ ! -f $root.done ]]; then
    say "making a $suite root in ${root#"$PWD"/}"
    rm -rf "$root"
    mkdir -p build/boxroot
    make_root "$root"
    touch "$root.done"
fi
echo "$root"
