#!/usr/bin/env bash
# ./dev demo: the whole way from a clip, a sensor and StatsD counters to a broker, on this machine only.
# Everything it starts it stops, by pid.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/support/clip.sh
bin=$PWD/build/release/bin
seconds=0
outage=0
while (($#)); do
    case "$1" in
        --seconds) seconds=$2; shift 2 ;;
        --outage) outage=$2; shift 2 ;;
        *) echo "demo: unknown option $1 (--seconds N, --outage N)" >&2; exit 2 ;;
    esac
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/cxedge-demo-XXXXXX")
pids=()
broker_pid=0
tail_pid=0
agent_pid=0
feeder_pid=0

stop_pid() {  # pid seconds: SIGTERM, then SIGKILL
    local pid=$1 left=$(($2 * 20))
    ((pid > 0)) || return 0
    kill -TERM "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null && ((left-- > 0)); do sleep 0.05; done
    kill -KILL "$pid" 2>/dev/null || true
}

cleanup() {
    stop_pid "$feeder_pid" 1
    stop_pid "$agent_pid" 15
    stop_pid "$tail_pid" 5
    stop_pid "$broker_pid" 5
    rm -rf "$dir"
}
trap cleanup EXIT
stopping=false
trap 'stopping=true' INT TERM

# A port that nothing on this machine listens on (tcp or udp).
free_port() {
    local port hex
    while true; do
        port=$((20000 + RANDOM % 20000))
        hex=$(printf ':%04X ' "$port")
        grep -qs "$hex" /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 || break
    done
    echo "$port"
}

accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_broker() {
    setsid mosquitto -c "$dir/mosquitto.conf" >>"$dir/mosquitto.log" 2>&1 &
    broker_pid=$!
    local tries=100
    until accepts "$broker_port"; do
        kill -0 "$broker_pid" 2>/dev/null && ((tries-- > 0)) || return 1
        sleep 0.05
    done
}

# The subscriber's session must outlive a broker restart, so that nothing is missed between the broker's
# return and its own: persistence on, no queue limit.
configure_broker() {
    cat >"$dir/mosquitto.conf" <<EOF
listener $broker_port 127.0.0.1
allow_anonymous true
user root
persistence true
persistence_location $dir/
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
EOF
}

configure_agent() {
    cat >"$dir/site.toml" <<EOF
profile = "demo"
[node]
tenant = "demo"
site = "store-1"
id = "box-1"
[uplink]
broker = "mqtt://127.0.0.1:$broker_port"
[[source]]
plugin = "statsd"
listen = "127.0.0.1:$statsd_port"
EOF
    camera_source "$dir/vtest.avi" >>"$dir/site.toml"
}

# What a till would send: a sale with its amount and duration, now and then a cancelled one.
feed_statsd() {
    local n=0
    while true; do
        printf 'till.sales:1|c\ntill.amount:%d.90|g\ntill.service_time:%d|ms' $((5 + RANDOM % 80)) $((20000 + RANDOM % 60000)) \
            >"/dev/udp/127.0.0.1/$statsd_port" 2>/dev/null || true
        ((++n % 7)) || printf 'till.cancelled:1|c|#till:2' >"/dev/udp/127.0.0.1/$statsd_port" 2>/dev/null || true
        sleep 0.5
    done
}

# The first number under a key, at most two decimals.
json_number() { grep -o "\"$2\": *[0-9]*\(\.[0-9]\{1,2\}\)\?" "$1" | head -n 1 | sed 's/.*: *//'; }

find_clip "$dir"
for _ in 1 2 3 4 5; do
    broker_port=$(free_port)
    configure_broker
    start_broker && break
    broker_pid=0
done
((broker_pid > 0)) || { cat "$dir/mosquitto.log" >&2; exit 1; }
statsd_port=$(free_port)
configure_agent

setsid "$bin/cxctl" tail --broker "mqtt://127.0.0.1:$broker_port" --session demo-tail \
    --summary "$dir/summary.json" > >(tee "$dir/table.txt") &
tail_pid=$!
setsid "$bin/cxedged" --config "$dir/site.toml" --state-dir "$dir/state" 2>"$dir/agent.log" &
agent_pid=$!
feed_statsd &
feeder_pid=$!

echo "broker 127.0.0.1:$broker_port (pid $broker_pid, restart: mosquitto -c $dir/mosquitto.conf), cxedged pid $agent_pid"
echo "status: CXEDGE_SOCKET=$dir/state/control.sock $bin/cxctl status      log: $dir/agent.log"
echo "the camera counts people crossing x = 0.62; Ctrl-C ends"

began=$SECONDS
outage_at=$((seconds > 0 ? seconds / 3 : 20))
outage_phase=$((outage > 0 ? 0 : 2))
while ! $stopping && ((seconds == 0 || SECONDS - began < seconds)); do
    sleep 0.2 || true
    if ! kill -0 "$agent_pid" 2>/dev/null; then
        echo "cxedged ended:" >&2
        tail -n 20 "$dir/agent.log" >&2
        exit 1
    fi
    if ((outage_phase == 0 && SECONDS - began >= outage_at)); then
        echo "--- broker stopped for $outage s"
        stop_pid "$broker_pid" 5
        broker_pid=0
        outage_phase=1
    elif ((outage_phase == 1 && SECONDS - began >= outage_at + outage)); then
        start_broker
        echo "--- broker is back (pid $broker_pid)"
        outage_phase=2
    fi
done
trap '' INT TERM

stop_pid "$feeder_pid" 1
feeder_pid=0
"$bin/cxctl" status --socket "$dir/state/control.sock" --json >"$dir/status.json" || true
stop_pid "$agent_pid" 20
agent_pid=0
produced=$(sed -n 's/.*stopped: \([0-9]*\) samples produced.*/\1/p' "$dir/agent.log")
# The last messages are at the broker; the subscriber has them when its count stands still.
sleep 1
stop_pid "$tail_pid" 10
tail_pid=0

delivered=$(json_number "$dir/summary.json" samples)
duplicates=$(json_number "$dir/summary.json" duplicate_batches)
echo
echo "samples produced:    ${produced:-unknown}"
echo "samples delivered:   ${delivered:-unknown}"
echo "duplicate batches:   ${duplicates:-unknown} (dropped by (node, epoch, lane, seq))"
echo "bytes a sample:      $(json_number "$dir/summary.json" bytes_per_sample) (MQTT payload)"
# The last running total of a direction.
people() { grep "store.footfall.$1 " "$dir/table.txt" | tail -n 1 | awk '{print $NF}'; }
echo "people in / out:     $(people in) / $(people out)"
echo "RSS of cxedged:      $(json_number "$dir/status.json" rss_mib) MiB"
[[ -n $produced && $produced -gt 0 && $produced == "$delivered" ]] || { echo "delivered != produced" >&2; tail -n 20 "$dir/agent.log" >&2; exit 1; }
# A minute of the clip has people both ways.
if ((seconds >= 60)) && [[ $(people in) == 0 || $(people out) == 0 ]]; then
    echo "the camera counted nobody in one direction" >&2
    exit 1
fi
