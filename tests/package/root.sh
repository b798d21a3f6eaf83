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

make_root() {
    local options=() file sources
    sources=$(cross/sources.sh "$arch")
    # What makes the mirrors reachable from this machine.
    for file in /etc/apt/apt.conf.d/99*; do
        if [[ -f $file ]]; then options+=(--aptopt="$file"); fi
    done
    mmdebstrap --quiet --mode=root --architectures="$arch" --variant=minbase \
        --include="$(IFS=,; echo "${packages[*]}")" "${options[@]}" "$suite" "$1" - <<<"$sources" >&2
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
