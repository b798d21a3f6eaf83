#!/bin/sh
# Hook in a RAUC bundle (manifest: [hooks] filename=hook.sh, [image.rootfs] hooks=post-install;): the new
# root file system gets what belongs to the site. State is on the data partition, /var/lib/cxedge.
set -e

case "$1" in
    slot-post-install)
        [ "$RAUC_SLOT_CLASS" = rootfs ] || exit 0
        mkdir -p "$RAUC_SLOT_MOUNT_POINT/etc/cxedge"
        cp -a /etc/cxedge/. "$RAUC_SLOT_MOUNT_POINT/etc/cxedge/"
        ;;
    *) exit 1 ;;
esac
