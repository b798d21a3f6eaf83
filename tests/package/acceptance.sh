#!/usr/bin/env bash
# ./dev acceptance: the Debian package on a fresh box, as an installer and a long night would treat it.
# Prints each figure; the first thing that does not hold ends it with status 1 and the box's log.
#   --update             upgrades and the way back instead (update.sh)
#   --packages DIRECTORY  others than those of ./dev package
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/package/box.sh
. tests/support/clip.sh

cxctl=$PWD/build/release/bin/cxctl
packages=build/package/$(dpkg --print-architecture)
update=false
while (($#)); do
    case "$1" in
        --packages) packages=$2; shift 2 ;;
        --update) update=true; shift ;;
        *) echo "acceptance: unknown option $1 (--update, --packages DIRECTORY)" >&2; exit 2 ;;
    esac
done
deb=$(find "$packages" -name 'cxedge_*.deb' 2>/dev/null | head -n 1)
camera_deb=$(find "$packages" -name 'cxedge-camera_*.deb' 2>/dev/null | head -n 1)
[[ -n $deb && -n $camera_deb ]] || { echo "acceptance: not both packages in $packages: ./dev package first" >&2; exit 2; }
((EUID == 0)) || { echo "acceptance: needs root: it boots a system (systemd-nspawn)" >&2; exit 2; }

if $update; then exec tests/package/update.sh "$packages" "$cxctl"; fi

# Every figure that an issue promises has its line here.
FIRST_SAMPLE_S=60
STOP_S=10
WATCHDOG_S=30

trap box_cleanup EXIT
trap 'exit 130' INT TERM

put_packages() {
    cp "$deb" "$box_root/root/cxedge.deb"
    cp "$camera_deb" "$box_root/root/cxedge-camera.deb"
}

# apt fetches here, so that what is timed below is the box and not the mirror.
fetch_packages() {
    say "fetching what the package needs"
    online apt-get -qq update
    put_packages
    online apt-get -qq -y --no-install-recommends --download-only install /root/cxedge.deb /root/cxedge-camera.deb
}

list_files() {
    find "$box_root" -xdev \( -path "$box_root/proc" -o -path "$box_root/sys" -o -path "$box_root/run" -o \
        -path "$box_root/tmp" -o -path "$box_root/var/cache" -o -path "$box_root/var/log" -o \
        -path "$box_root/var/lib/apt" -o -path "$box_root/var/lib/dpkg" \) -prune -o -print |
        sed "s|^$box_root||" | sort
}

platform_has_something() { [[ -s $box_dir/samples.jsonl ]] && grep -q '"metric"' "$box_dir/samples.jsonl"; }

# within SECONDS PROMISED
within() { awk -v took="$1" -v most="$2" 'BEGIN { exit !(took <= most) }' || fail "that is too long"; }

apt_in_box() {
    box apt-get -qq "$@" >"$box_dir/apt.log" 2>&1 || { cat "$box_dir/apt.log" >&2; fail "apt-get $*"; }
}

install_and_first_sample() {
    local began took
    say "apt install, cxctl setup, first sample"
    began=$(now_ms)
    apt_in_box -y --no-install-recommends install /root/cxedge.deb
    write_site_file
    box systemctl restart cxedged
    wait_for 180 "a first sample" platform_has_something
    took=$(seconds_since "$began")
    echo "first sample at the platform: $took s after apt install began (promised: $FIRST_SAMPLE_S)"
    within "$took" "$FIRST_SAMPLE_S"
    box systemctl is-enabled cxedged
}

is_restarted() {  # main pid before
    [[ $(unit_value MainPID) != "$1" && $(unit_value ActiveState) == active ]]
}

# restarted SECONDS WHAT PID
restarted() {
    local began
    began=$(now_ms)
    wait_for "$1" "$2: restarted within $1 s" is_restarted "$3"
    echo "$2: running again after $(seconds_since "$began") s, restarts so far: $(unit_value NRestarts)"
}

# In this machine's numbers.
host_pid() { pgrep -x -P "$box_leader" cxedged; }

kill_and_hang() {
    local pid holder
    say "kill -9 and hangs, while the till sells"
    pid=$(unit_value MainPID)
    kill -KILL "$(host_pid)"
    restarted 20 "kill -9" "$pid"

    pid=$(unit_value MainPID)
    kill -STOP "$(host_pid)"
    restarted $((WATCHDOG_S + 90)) "SIGSTOP of the process" "$pid"

    for thread in uplink ingest; do
        pid=$(unit_value MainPID)
        python3 tests/package/hold_thread.py "$(host_pid)" "$thread" &
        holder=$!
        box_pids+=("$holder")
        restarted $((WATCHDOG_S + 90)) "thread $thread stands still" "$pid"
        stop_pid "$holder" 2
    done
}

stop_with_silent_broker() {
    local began took
    say "stop while the broker acknowledges nothing"
    kill -STOP "$broker_pid"
    start_till
    sleep 2
    began=$(now_ms)
    box systemctl stop cxedged
    took=$(seconds_since "$began")
    kill -CONT "$broker_pid"
    stop_pid "$till_pid" 5
    echo "stopped after $took s (promised: $STOP_S), result $(unit_value Result)"
    [[ $(unit_value Result) == success ]] || fail "it had to be killed"
    within "$took" "$STOP_S"
    box systemctl start cxedged
    nothing_lost
}

# A program that cannot live: ten starts, then a pause instead of a storm; and the timer that ends it.
restart_storm() {
    say "a program that ends at once"
    box mkdir -p /etc/systemd/system/cxedged.service.d
    printf '[Service]\nExecStart=\nExecStart=/bin/false\nRestartSec=100ms\n' |
        box tee /etc/systemd/system/cxedged.service.d/broken.conf >/dev/null
    box systemctl daemon-reload
    box systemctl restart cxedged 2>/dev/null || true
    wait_for 60 "the storm ends" box systemctl is-failed --quiet cxedged
    wait_for 10 "the timer that tries again runs" box systemctl is-active --quiet cxedged-retry.timer
    echo "after $(unit_value NRestarts) restarts: $(unit_value Result); cxedged-retry.timer tries again after $(
        sed -n 's/^OnActiveSec=//p' systemd/cxedged-retry.timer)"
    box rm /etc/systemd/system/cxedged.service.d/broken.conf
    box systemctl stop cxedged-retry.timer
    box systemctl daemon-reload
    box systemctl reset-failed cxedged
    box systemctl start cxedged
}

# Of how it runs: what the unit promises is what the kernel shows.
shown_to_the_kernel() {
    local status
    say "what the kernel says of the daemon"
    status=/proc/$(host_pid)/status
    grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp|Threads|VmRSS):' "$status"
    grep -qE '^CapEff:\s+0+$' "$status" || fail "it has capabilities"
    grep -qE '^Seccomp:\s+2$' "$status" || fail "no system call filter"
    box cxctl status
}

over_tls() {
    say "TLS, with a key of root's that the unit lends the daemon"
    write_tls_site_file
    box systemctl restart cxedged
    wait_for 30 "the box is at the broker's TLS port" connected_over_tls
    [[ -z $(box find /var/lib/cxedge /run/cxedge -name '*.key') ]] || fail "the key was copied"
    echo "connected as $(grep -o 'box-1[^ ]*' "$box_dir/broker.log" | tail -n 1), key: $(
        box stat -c '%U %a' /etc/cxedge/credentials/box-1.key)"
    start_till
    sleep 3
    nothing_lost
}

connected_over_tls() { box cxctl status | grep -q "broker .*localhost:$broker_tls_port"; }

purge() {
    say "apt purge"
    box rm /root/cxedge.deb
    apt_in_box -y purge cxedge
    apt_in_box -y autoremove --purge
    box systemctl daemon-reload
    list_files >"$box_dir/files.after"
    local left
    left=$(comm -13 "$box_dir/files.before" "$box_dir/files.after" | grep -vE '^/etc/(passwd|group|g?shadow|subuid|subgid)-?$|^/var/lib/systemd/|/__pycache__(/|$)' || true)
    if [[ -n $left ]] || box test -e /run/cxedge; then
        fail "left behind: $left"
    fi
    echo "nothing is left but the user cxedge"
}

# A second life on the same disk, with the plugin process of another package in the unit's sandbox and its own.
camera_counts() {
    local worker left seen
    say "installed again, with a camera under the hardened unit"
    put_packages
    apt_in_box -y --no-install-recommends install /root/cxedge.deb /root/cxedge-camera.deb
    mkdir "$box_dir/film"
    find_clip "$box_dir/film"
    box install -D -m 644 /dev/stdin /srv/film.avi <"$box_dir/film/vtest.avi"
    write_site_file
    camera_source /srv/film.avi | box tee -a /etc/cxedge/cxedged.toml >/dev/null
    seen=$(wc -l <"$box_dir/samples.jsonl")
    box systemctl restart cxedged
    wait_for 120 "people counted at the platform" people_since "$seen"
    worker=$(pgrep -x -P "$(host_pid)" cxedge-camera)
    grep -E '^(CapEff|NoNewPrivs|Seccomp|Seccomp_filters|VmRSS):' "/proc/$worker/status"
    box cxctl status
    apt_in_box -y purge cxedge cxedge-camera
    left=$(box find / -xdev \( -path /proc -o -path /sys -o -path /root -o -path /var/log \) -prune -o -name '*cxedge*' -print)
    [[ -z $left ]] || fail "left behind: $left"
}

people_since() { tail -n "+$(($1 + 1))" "$box_dir/samples.jsonl" | grep -q '"metric":"store.footfall.in".*"value":[1-9]'; }

say "a box for ${deb##*/}"
box_make amd64
fetch_packages
box_boot
# After the boot, which makes files of its own.
rm "$box_root"/root/*.deb
list_files >"$box_dir/files.before"
put_packages
start_broker
start_platform
install_and_first_sample
start_till
kill_and_hang
nothing_lost
stop_with_silent_broker
shown_to_the_kernel
restart_storm
over_tls
purge
camera_counts
say "accepted"
