#!/usr/bin/env bash
# unpack.sh DIR: the programs that ./dev bench peers compares with, from their Debian packages, unpacked
# into DIR. Not installed: syslog-ng would take the place of the machine's own log daemon.
set -euo pipefail
dir=${1:?directory}
# With the libraries that a Debian 12 with cxedge's build packages may lack.
PACKAGES=(
    collectd-core
    syslog-ng-core syslog-ng-mod-http libivykis0 libnet1 libjson-c5 libwrap0 libpcre3 libcurl4
    mosquitto-clients libcjson1
)
[[ -e $dir/complete ]] && exit 0
mkdir -p "$dir/packages"
cd "$dir/packages"
apt-get download -o APT::Sandbox::User=root "${PACKAGES[@]}"
for package in ./*.deb; do dpkg -x "$package" ..; done
touch ../complete
