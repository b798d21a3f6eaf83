#!/usr/bin/env bash
# cross/on_release.sh RELEASE VERB [options]: ./dev VERB in a root file system of another Debian release
# (trixie), made under build/root/ when it is not there. Sources and ccache are this machine's, the
# build directory is build/on-RELEASE. The mounts live in a mount namespace and end with the command,
# as do its processes.
set -euo pipefail
cd "$(dirname "$0")/.."
source=$PWD
release=${1:?a Debian release, such as trixie}
shift
root=$source/build/root/$release
export CXEDGE_CCACHE_DIR=${CCACHE_DIR:-$HOME/.cache/ccache}
# The root has a ccache without settings: its own limit would empty the shared cache.
CXEDGE_CCACHE_SIZE=$(ccache --get-config max_size)
# Outside of the sources in a `git worktree`.
CXEDGE_GIT_DIR=$(git rev-parse --path-format=absolute --git-common-dir 2>/dev/null || echo "$source")
export CXEDGE_CCACHE_SIZE CXEDGE_GIT_DIR

as_root() { if ((EUID == 0)); then "$@"; else sudo --preserve-env=CXEDGE_CCACHE_DIR,CXEDGE_CCACHE_SIZE,CXEDGE_GIT_DIR "$@"; fi; }

# apt_sources: those of this machine's Debian mirrors, for the other release.
apt_sources() {
    local ours
    ours=$(. /etc/os-release && echo "$VERSION_CODENAME")
    apt-get indextargets --format '$(REPO_URI) $(CODENAME)' | sort -u |
        awk -v ours="$ours" -v theirs="$release" '
            $2 == ours || $2 == ours "-updates" || $2 == ours "-security" {
                sub(ours, theirs, $2); print "deb", $1, $2, "main"
            }'
}

make_root() {
    [[ -n $(apt_sources) ]] || {
        echo "cross/on_release.sh: apt on this machine knows no Debian mirror: run apt-get update" >&2
        exit 1
    }
    echo "== making a root file system of $release in ${root#"$source"/}"
    as_root rm -rf "$root.part"
    mkdir -p "${root%/*}"
    as_root mmdebstrap --quiet --mode=root --variant=apt --aptopt='Apt::Sandbox::User "root"' \
        "$release" "$root.part" - < <(apt_sources)
    as_root mv "$root.part" "$root"
}

[[ -d $root ]] || make_root
mkdir -p "build/on-$release" "$CXEDGE_CCACHE_DIR"

# The parameters of the inner shell: root, source, release, then the verb.
# shellcheck disable=SC2016  # expanded by the inner shell
inside='
set -euo pipefail
root=$1 source=$2 release=$3
shift 3
for at in proc sys dev dev/pts dev/shm tmp; do
    case $at in
        proc) mount -t proc proc "$root/proc" ;;
        dev/shm | tmp) mount -t tmpfs tmpfs "$root/$at" ;;
        *) mount --bind "/$at" "$root/$at" ;;
    esac
done
mkdir -p "$root$source" "$root$CXEDGE_GIT_DIR" "$root/root/.cache/ccache"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
mount --bind "$CXEDGE_GIT_DIR" "$root$CXEDGE_GIT_DIR"
mount --bind "$source" "$root$source"
mount --bind "$source/build/on-$release" "$root$source/build"
mount --bind "$CXEDGE_CCACHE_DIR" "$root/root/.cache/ccache"
# In batches of files, like the sanitizers: a fifth of the time.
exec chroot "$root" env -i CXEDGE_CMAKE_OPTIONS="-DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=8" HOME=/root \
    TERM="${TERM:-dumb}" LANG=C.UTF-8 CXEDGE_JOBS="${CXEDGE_JOBS:-}" CCACHE_MAXSIZE="$CXEDGE_CCACHE_SIZE" \
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="$source" \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$source/dev" "$@"
'
as_root unshare --mount --propagation private --pid --fork --kill-child \
    bash -c "$inside" bash "$root" "$source" "$release" "$@"
