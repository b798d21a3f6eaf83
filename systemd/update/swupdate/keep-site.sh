#!/bin/sh
# SWUpdate post-install script: what belongs to the site goes into the new root file system. State is on
# the data partition, /var/lib/cxedge.
set -e

target=$(mktemp -d)
mount /dev/mmcblk0p3 "$target"
trap 'umount "$target"; rmdir "$target"' EXIT
mkdir -p "$target/etc/cxedge"
cp -a /etc/cxedge/. "$target/etc/cxedge/"
