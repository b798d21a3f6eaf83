# Sourced: a booted Debian box with a broker, a platform and a till beside it, in its network namespace.
# Everything it mounts and starts it ends in box_cleanup, by pid.
#   box_make ARCH      an overlay over a fresh root (root.sh): ${box_root}
#   box_boot           systemd as PID 1
#   box CMD...         in the box
#   beside CMD...      on this machine, in the box's network

# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # shared with the scripts that source this; they set cxctl
box_dir=
box_root=
box_nspawn=0
box_leader=0
box_pids=()

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
fail() {
    printf '\033[1m!! %s\033[0m\n' "$*" >&2
    box_show_trouble >&2 || true
    exit 1
}

now_ms() { date +%s%3N; }
seconds_since() { awk -v from="$1" -v to="$(now_ms)" 'BEGIN { printf "%.1f", (to - from) / 1000 }'; }

# wait_for SECONDS WHAT CMD...: until CMD succeeds.
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "waited in vain: $what"
        sleep 0.2
    done
}

stop_pid() {  # pid seconds: SIGTERM, then SIGKILL
    local pid=$1 left=$(($2 * 10))
    ((pid > 0)) && kill -TERM "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null && ((left-- > 0)); do sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
}

box_make() {
    local base
    base=$(tests/package/root.sh "$1")
    mkdir -p build/boxroot
    box_dir=$(mktemp -d "$PWD/build/boxroot/run-XXXXXX")
    box_root=$box_dir/root
    mkdir "$box_dir"/{upper,work,root}
    mount -t overlay overlay -o "lowerdir=$base,upperdir=$box_dir/upper,workdir=$box_dir/work" "$box_root"
    rm -f "$box_root/etc/machine-id"
    echo cxbox >"$box_root/etc/hostname"
    echo '127.0.0.1 localhost' >"$box_root/etc/hosts"
}

# online CMD...: in the box before it is booted, with this machine's network: for apt only.
online() {
    systemd-nspawn --quiet --directory="$box_root" --register=no --keep-unit --pipe \
        --resolv-conf=copy-host -- "$@"
}

box_boot() {
    # A container may not ask how good the clock is unless told so; a box may.
    systemd-nspawn --quiet --directory="$box_root" --register=no --keep-unit --private-network \
        --system-call-filter="adjtimex clock_adjtime" --console=pipe --boot >"$box_dir/console" 2>&1 </dev/null &
    box_nspawn=$!
    wait_for 60 "systemd-nspawn starts the box" box_find_leader
    wait_for 120 "systemd answers in the box" box_is_up
}

box_find_leader() {
    box_leader=$(pgrep -P "$box_nspawn" | head -n 1)
    [[ -n $box_leader ]] || box_leader=0
    ((box_leader > 0)) && [[ $(<"/proc/$box_leader/comm") == systemd ]]
}

box_is_up() { [[ $(box systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]; }

box() { nsenter -t "$box_leader" -m -u -i -n -p -C -r -w -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

beside() { nsenter -t "$box_leader" -n -- "$@"; }

# start_beside NAME CMD...: likewise, in the background, output to NAME.log; its pid: ${beside_pid}
start_beside() {
    local name=$1
    shift
    nsenter -t "$box_leader" -n -- "$@" >"$box_dir/$name.log" 2>&1 </dev/null &
    beside_pid=$!
    box_pids+=("$beside_pid")
}

# make_certificates DIRECTORY: an authority, the broker's certificate and the box's
make_certificates() {
    local dir=$1 name
    mkdir "$dir"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2 \
        -subj "/CN=authority of this run" -keyout "$dir/authority.key" -out "$dir/ca.pem" 2>/dev/null
    for name in localhost box-1; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -subj "/CN=$name" \
            -addext "subjectAltName=DNS:$name" -keyout "$dir/$name.key" -out "$dir/$name.csr" 2>/dev/null
        openssl x509 -req -in "$dir/$name.csr" -CA "$dir/ca.pem" -CAkey "$dir/authority.key" -days 2 \
            -copy_extensions copy -out "$dir/$name.pem" 2>/dev/null
    done
}

broker_pid=0
broker_port=1883  # the namespace is the box's own
broker_tls_port=8883
start_broker() {
    make_certificates "$box_dir/tls"
    cat >"$box_dir/mosquitto.conf" <<END
per_listener_settings true
listener $broker_port 127.0.0.1
allow_anonymous true
listener $broker_tls_port 127.0.0.1
allow_anonymous true
cafile $box_dir/tls/ca.pem
certfile $box_dir/tls/localhost.pem
keyfile $box_dir/tls/localhost.key
require_certificate true
user root
max_queued_messages 0
END
    start_beside broker mosquitto -c "$box_dir/mosquitto.conf"
    broker_pid=$beside_pid
    wait_for 20 "the broker listens" beside bash -c ": <>/dev/tcp/127.0.0.1/$broker_port"
}

# The platform: every sample once, as JSON lines.
start_platform() {
    start_beside platform "$cxctl" receive --broker "mqtt://127.0.0.1:$broker_port" \
        --state "$box_dir/platform.db" --out "$box_dir/samples.jsonl" --ack-ms 100
    wait_for 20 "the platform runs: $cxctl" test -e "$box_dir/platform.db"
}

write_site_file() {
    # Its own checks have their tests; here the broker is there and the rest of a box is not.
    box cxctl setup --broker "mqtt://localhost:$broker_port" --tenant acme --site store-0042 \
        --profile store-gateway --node box-1 || true
    box test -s /etc/cxedge/cxedged.toml || fail "cxctl setup wrote no site file"
    # Numbers of the till travel as they are, to be counted.
    box tee -a /etc/cxedge/cxedged.toml >/dev/null <<'END'

[[rule]]
match = "till.*"
unit = "1"
keep = "raw"
END
}

# The same broker over TLS, with a key that only root can read.
write_tls_site_file() {
    local file
    for file in ca.pem box-1.pem box-1.key; do
        box install -D -m 600 /dev/stdin "/etc/cxedge/credentials/$file" <"$box_dir/tls/$file"
    done
    box sed -i "s|^broker = .*|broker = \"mqtts://localhost:$broker_tls_port\"\\n\
ca_file = \"credential:site_ca.pem\"\\n\
certificate_file = \"credential:site_box-1.pem\"\\n\
key_file = \"credential:site_box-1.key\"|" /etc/cxedge/cxedged.toml
}

unit_value() { box systemctl show --value --property="$1" cxedged; }

till_pid=0
till_first=0
# It never sells a number twice, also when it is started again.
start_till() {
    python3 tests/package/till.py "/proc/$box_leader/root/run/cxedge/kpi.sock" "$box_dir/sold" "$till_first" 20 \
        >"$box_dir/till.log" 2>&1 &
    till_pid=$!
    box_pids+=("$till_pid")
    wait_for 20 "the till sells" grep -qx "$((till_first + 1))" "$box_dir/sold"
    till_first=$((till_first + 1000000))
}

sold() { sort -n "$box_dir/sold"; }
received() {
    grep '"metric":"till.sale"' "$box_dir/samples.jsonl" | sed 's/.*"value":\([0-9]*\).*/\1/' | sort -n
}
all_sold_is_received() { [[ -z $(comm -23 <(sold | sort) <(received | sort)) ]]; }

nothing_lost() {
    say "what the till was promised is at the platform"
    stop_pid "$till_pid" 5
    box cxctl flush >/dev/null || true
    wait_for 240 "all that was acknowledged is at the platform" all_sold_is_received
    local twice
    twice=$(received | uniq -d | wc -l)
    echo "acknowledged to the till: $(sold | wc -l), at the platform: $(received | wc -l), twice: $twice"
    ((twice == 0)) || fail "numbers came twice"
}

box_show_trouble() {
    ((box_leader > 0)) || return 0
    echo "--- what the box says:"
    box systemctl status --no-pager --lines=20 cxedged.service || true
    box journalctl --no-pager --lines=30 || true
}

box_halt() {
    ((box_nspawn > 0)) || return 0
    # nspawn passes it on as a request to power off.
    stop_pid "$box_nspawn" 30
    wait "$box_nspawn" 2>/dev/null || true
    box_nspawn=0
    box_leader=0
}

box_cleanup() {
    local pid
    for pid in "${box_pids[@]}"; do stop_pid "$pid" 5; done
    box_pids=()
    box_halt
    [[ -n $box_dir ]] || return 0
    umount "$box_root" 2>/dev/null || umount -l "$box_root" 2>/dev/null || true
    rm -rf "$box_dir"
    box_dir=
}
