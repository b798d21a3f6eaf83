#!/usr/bin/env bash
# ./dev acceptance --update: versions come to a fresh box over a signed repository by unattended-upgrades; the
# ones that do not work are taken back; the till notices nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/package/box.sh

packages=${1:?directory of packages}
cxctl=${2:?cxctl of the platform}

trap box_cleanup EXIT
trap 'exit 130' INT TERM

made=
first_version=
# Only the main process may tell systemd that it is ready.
hangs='exec python3 -c "
import os, socket, time
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b\"READY=1\", os.environ[\"NOTIFY_SOCKET\"])
time.sleep(1e9)"'

# make_version NUMBER [SCRIPT]: the core package again under a higher version; with SCRIPT in cxedged's place.
make_version() {
    local tree=$box_dir/version$1
    rm -rf "$tree"
    dpkg-deb -R "$(find "$packages" -name 'cxedge_*.deb')" "$tree"
    first_version=$(sed -n 's/^Version: //p' "$tree/DEBIAN/control")
    sed -i "s/^Version: .*/&.$1/" "$tree/DEBIAN/control"
    if (($# > 1)); then printf '#!/bin/sh\n%s\n' "$2" >"$tree/usr/bin/cxedged"; fi
    made=$box_dir/cxedge_$1.deb
    dpkg-deb --root-owner-group -b "$tree" "$made" >/dev/null
}

publish() { CXEDGE_REPOSITORY_KEYS=$box_dir/keys \
    systemd/update/make-repository.sh "$box_root/srv/cxedge" "$@"; }

prepare_box() {
    online apt-get -qq update
    cp "$(find "$packages" -name 'cxedge_*.deb')" "$box_root/root/cxedge.deb"
    # What it needs stays: Debian itself is not reachable from the booted box.
    online apt-get -qq -y --no-install-recommends install /root/cxedge.deb >"$box_dir/apt.log" 2>&1
    online dpkg --purge cxedge >>"$box_dir/apt.log" 2>&1
    rm "$box_root/root/cxedge.deb"
    rm -f "$box_root"/etc/apt/sources.list "$box_root"/etc/apt/sources.list.d/*
    publish "$(find "$packages" -name 'cxedge_*.deb')" "$(find "$packages" -name 'cxedge-update_*.deb')"
    install -D -m 644 "$box_root/srv/cxedge/cxedge.asc" "$box_root/etc/apt/keyrings/cxedge.asc"
    cat >"$box_root/etc/apt/sources.list.d/cxedge.sources" <<'END'
Types: deb
URIs: file:/srv/cxedge
Suites: stable
Components: main
Signed-By: /etc/apt/keyrings/cxedge.asc
END
    # A test is less patient than a box.
    install -d "$box_root/etc/systemd/system/cxedge-update-check.service.d"
    printf '[Service]\nEnvironment=CXEDGE_UPDATE_WITHIN_S=120 CXEDGE_UPDATE_STEADY_S=10\n' \
        >"$box_root/etc/systemd/system/cxedge-update-check.service.d/test.conf"
}

installed() { box dpkg-query -W -f '${Version}' cxedge; }
good() { box cat /var/lib/cxedge-update/good.version; }
good_is() { [[ $(good) == "$1" ]]; }

install_first() {
    say "the first version, from the repository"
    box apt-get -qq update
    box apt-get -qq -y --no-install-recommends install cxedge cxedge-update >"$box_dir/apt.log" 2>&1 ||
        { cat "$box_dir/apt.log" >&2; fail "apt install"; }
    write_site_file
    box systemctl restart cxedged
    wait_for 120 "the check finds the first version well" good_is "$(installed)"
    first_version=$(installed)
    echo "good: $(good)"
}

# upgrade: what apt-daily.timer and apt-daily-upgrade.timer do.
upgrade() {
    box apt-get -qq update 2>&1 || true
    box unattended-upgrade -v -d >"$box_dir/upgrade.log" 2>&1 || true
}

# upgrades_to VERSION
upgrades_to() {
    upgrade
    [[ $(installed) == "$1" ]] || { cat "$box_dir/upgrade.log" >&2; fail "$(installed) is installed, not $1"; }
    wait_for 180 "the check finds $1 well" good_is "$1"
    echo "installed by unattended-upgrades and found well: $1"
}

is_back() { [[ $(installed) == "$1" && $(unit_value ActiveState) == active ]]; }

# goes_back VERSION GOOD WHAT
goes_back() {
    local began
    began=$(now_ms)
    upgrade
    wait_for 400 "$3: back to $2" is_back "$2"
    echo "$3: $1 came and went in $(seconds_since "$began") s, $(installed) runs"
    box grep -q "Pin: version $1" /etc/apt/preferences.d/cxedge-barred || fail "$1 is not barred"
    upgrade
    [[ $(installed) == "$2" ]] || fail "$1 was installed again"
}

# Everything is in order but the key.
refuses_strangers() {
    local said
    say "a version that a stranger signed"
    make_version 9
    CXEDGE_REPOSITORY_KEYS=$box_dir/stranger systemd/update/make-repository.sh "$box_root/srv/cxedge" "$made"
    upgrade
    [[ $(installed) != *.9 ]] || fail "a stranger's version was installed"
    said=$(box apt-get update 2>&1 || true)
    grep -m 1 NO_PUBKEY <<<"$said" || fail "apt did not mind the signature: $said"
}

say "a box and its repository"
box_make amd64
prepare_box
box_boot
start_broker
start_platform
install_first
start_till
make_version 1
publish "$made"
say "a good version"
upgrades_to "$first_version.1"
say "a version that ends at once"
make_version 2 'exit 1'
publish "$made"
goes_back "$first_version.2" "$first_version.1" "ends at once"
say "a version that says it is ready and then does nothing"
make_version 3 "$hangs"
publish "$made"
goes_back "$first_version.3" "$first_version.1" "hangs"
say "the version that mends it"
make_version 4
publish "$made"
upgrades_to "$first_version.4"
nothing_lost
refuses_strangers
say "updates accepted"
