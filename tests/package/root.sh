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
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' |
        awk -v suite="$suite" '$3 == "main" && ($2 == suite || index($2, suite "-") == 1) && !seen[$2]++ {
            print "deb", $1, $2, $3 }'
}

key=$({ printf '%s\n' "${packages[@]}" "$suite"; cat tests/package/root.sh; } | sha256sum | cut -c1-12)
root=$PWD/build/boxroot/$arch-$key
if [[ ! -f $root.done ]]; then
    say "making a $suite root in ${root#"$PWD"/}"
    rm -rf "$root"
    mkdir -p build/boxroot
    # Their own apt settings are what makes the mirrors reachable from this machine.
    options=()
    for file in /etc/apt/apt.conf.d/99*; do
        if [[ -f $file ]]; then options+=(--aptopt="$file"); fi
    done
    nice -n 19 mmdebstrap --quiet --mode=root --architectures="$arch" --variant=minbase \
        --include="$(IFS=,; echo "${packages[*]}")" "${options[@]}" \
        "$suite" "$root" - < <(sources) >&2
    touch "$root.done"
fi
echo "$root"
