#!/usr/bin/env bash
# cross/binfmt.sh arm64|armhf: from now until the next boot the kernel of this machine starts programs
# of that architecture through qemu-user-static, also in a chroot and as children of a test.
set -euo pipefail
case "${1:-}" in
    arm64) name=qemu-aarch64 ;;
    armhf) name=qemu-arm ;;
    *) echo "cross/binfmt.sh: no architecture '${1:-}': arm64 or armhf" >&2; exit 2 ;;
esac
formats=/proc/sys/fs/binfmt_misc
as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

[[ -e $formats/register ]] || as_root mount -t binfmt_misc binfmt_misc "$formats"
[[ -e $formats/$name ]] || as_root tee "$formats/register" <"/usr/lib/binfmt.d/$name.conf" >/dev/null
grep -qx enabled "$formats/$name" || {
    echo "cross/binfmt.sh: $formats/$name is there but not enabled: echo 1 > $formats/$name" >&2
    exit 1
}
