#!/usr/bin/env bash
# cross/sources.sh arm64|armhf|amd64: the lines of a sources.list with which a root of this Debian
# release is made for that architecture, from the mirrors that this machine's apt uses. Security is left
# out, with a warning, where its list of packages does not arrive complete.
set -euo pipefail

arch=${1:?amd64, arm64 or armhf}
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")

say() { printf 'sources %s: %s\n' "$arch" "$*" >&2; }

# sources SUITE...: a line for each that apt knows a mirror of.
sources() {
    local name
    for name in "$@"; do
        # shellcheck disable=SC2016  # apt's variables
        apt-get indextargets --format '$(REPO_URI) $(CODENAME)' |
            awk -v suite="$name" '$2 == suite && !found { print "deb", $1, $2, "main"; found = 1 }'
    done
}

# readable SUITE: its list of packages for this architecture arrives complete. Mirrors are seen to
# serve a list that is not the one their signed index describes.
readable() {
    local scratch status=0
    scratch=$(mktemp -d)
    mkdir -p "$scratch"/{state/lists/partial,cache/archives/partial}
    sources "$1" >"$scratch/sources.list"
    [[ -s $scratch/sources.list ]] && apt-get update --error-on=any -qq \
        -o Dir::State="$scratch/state" -o Dir::Cache="$scratch/cache" -o Dir::State::status=/dev/null \
        -o Dir::Etc::SourceList="$scratch/sources.list" -o Dir::Etc::SourceParts=- \
        -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=root \
        >"$scratch/log" 2>&1 || status=1
    rm -rf "$scratch"
    return $status
}

[[ -n $(sources "$suite") ]] || {
    say "apt on this machine knows no mirror of $suite: run apt-get update; if that does not help, see /etc/apt"
    exit 1
}
sources "$suite" "$suite-updates"
if readable "$suite-security"; then
    sources "$suite-security"
else
    say "WARNING: apt cannot read the list of $suite-security (run apt-get update; a mirror may be half-way" \
        "through an update). Going on without its fixes. What runs on a box is linked to the box's own" \
        "libraries, which have them. For fresh roots, delete build/sysroot and build/boxroot and try again later."
fi
