#!/usr/bin/env bash
# cross/accept.sh arm64|armhf: the package of ./dev cross ARCH in a root file system of that
# architecture, its programs run by qemu-user: it installs, the agent starts as its own user, a StatsD
# datagram goes in and the sample is at a real broker. Then the package goes again.
# Mounts, network and processes are in namespaces of their own and end with the script.
set -euo pipefail
cd "$(dirname "$0")/.."

arch=${1:?arm64 or armhf}
stage=${2:-prepare}
FIRST_SAMPLE_S=120  # programs run at about a tenth of their speed here

fail() { printf 'cross/accept.sh: %s\n' "$*" >&2; exit 1; }
# In the box; in the background $! is the pid of the program itself.
in_box=(chroot "${CXEDGE_BOX:-}" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive)
box() { "${in_box[@]}" "$@"; }

# wait_for SECONDS WHAT COMMAND...
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < deadline)) || fail "waited in vain: $what"
        sleep 0.5
    done
}

# Outside: what has to be there, and a directory that goes away at the end.
prepare() {
    local base scratch
    ((EUID == 0)) || fail "needs root, for mounts and a network of its own"
    [[ -n $(find "build/package/$arch" -name "cxedge_*_$arch.deb" 2>/dev/null) ]] ||
        fail "no package in build/package/$arch: ./dev cross $arch first"
    cross/binfmt.sh "$arch"
    base=$(tests/package/root.sh "$arch")
    scratch=$(mktemp -d "$PWD/build/accept-XXXXXX")
    # shellcheck disable=SC2064  # this directory
    trap "rm -rf '$scratch'" EXIT
    CXEDGE_BOX=$scratch/root CXEDGE_BASE=$base unshare --mount --propagation private --pid --fork --kill-child \
        "$0" "$arch" install
}

# Inside, still with this machine's network, which apt needs.
install_package() {
    local scratch=${CXEDGE_BOX%/root}
    mkdir "$scratch"/{upper,work,root}
    mount -t overlay overlay -o "lowerdir=$CXEDGE_BASE,upperdir=$scratch/upper,workdir=$scratch/work" "$CXEDGE_BOX"
    mount -t proc proc "$CXEDGE_BOX/proc"
    mount --rbind /dev "$CXEDGE_BOX/dev"
    mount -t tmpfs tmpfs "$CXEDGE_BOX/run"
    cp -L /etc/resolv.conf "$CXEDGE_BOX/etc/resolv.conf"
    cp build/package/"$arch"/cxedge_*_"$arch".deb "$CXEDGE_BOX/root/cxedge.deb"
    echo "== apt install in a root of $arch"
    box apt-get -qq update
    box apt-get -qq -y --no-install-recommends install /root/cxedge.deb
    box cxedged --version
    unshare --net "$0" "$arch" run
}

site_file() {
    cat <<END
profile = "store-gateway"
[node]
tenant = "acme"
site = "store-0042"
id = "box-$arch"
[uplink]
broker = "mqtt://127.0.0.1:1883"
[[rule]]
match = "till.*"
unit = "1"
keep = "raw"
END
}

is_listening() { (: <>/dev/tcp/127.0.0.1/1883) 2>/dev/null; }
sell() {
    echo "till.sales:1|c" >/dev/udp/127.0.0.1/8125 2>/dev/null || true  # refused until the agent listens
    grep -q '"metric":"till.sales"' "$CXEDGE_BOX/root/samples.jsonl"
}
has_ended() { ! kill -0 "$1" 2>/dev/null; }

# In a network without anybody else: a broker of this machine, platform and agent of the other architecture.
run() {
    local agent began
    ip link set lo up
    printf 'listener 1883 127.0.0.1\nallow_anonymous true\nuser root\n' >"$CXEDGE_BOX/root/broker.conf"
    mosquitto -c "$CXEDGE_BOX/root/broker.conf" &
    wait_for 20 "the broker listens" is_listening
    "${in_box[@]}" cxctl tail --broker mqtt://127.0.0.1:1883 --format jsonl >"$CXEDGE_BOX/root/samples.jsonl" &
    site_file >"$CXEDGE_BOX/etc/cxedge/cxedged.toml"
    box chgrp cxedge /etc/cxedge/cxedged.toml
    box install -d -o cxedge -g cxedge /run/cxedge
    box cxedged check --config /etc/cxedge/cxedged.toml
    began=$SECONDS
    "${in_box[@]}" setpriv --reuid=cxedge --regid=cxedge --init-groups cxedged \
        --config /etc/cxedge/cxedged.toml --state-dir /var/lib/cxedge --runtime-dir /run/cxedge &
    agent=$!
    wait_for "$FIRST_SAMPLE_S" "a sample at the broker within $FIRST_SAMPLE_S s" sell
    echo "first sample at the broker $((SECONDS - began)) s after the start:"
    grep -m 1 '"metric":"till.sales"' "$CXEDGE_BOX/root/samples.jsonl"
    box cxctl status --socket /run/cxedge/control.sock
    kill -TERM "$agent"
    wait_for 60 "the agent stops" has_ended "$agent"
    wait "$agent" || fail "the agent ended with status $?"
    remove
}

remove() {
    box apt-get -qq -y purge cxedge
    [[ ! -e $CXEDGE_BOX/usr/bin/cxedged && ! -e $CXEDGE_BOX/etc/cxedge && ! -e $CXEDGE_BOX/var/lib/cxedge ]] ||
        fail "files are left after apt purge"
    echo "== the $arch package installs, runs, publishes and goes"
}

case "$stage" in
    prepare) prepare ;;
    install) install_package ;;
    run) run ;;
    *) fail "unknown stage $stage" ;;
esac
