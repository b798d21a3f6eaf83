#!/usr/bin/env bash
# cross/sysroot.sh arm64|armhf: the libraries of cross/libraries.txt for another architecture, with
# what they need, under build/sysroot/. Packages are unpacked, nothing of them is run: no emulator, no
# foreign architecture in this machine's dpkg. Prints the directory. A finished one is used again;
# its name carries a hash of everything that decides what is in it.
set -euo pipefail
cd "$(dirname "$0")/.."

arch=${1:?arm64 or armhf}
case "$arch" in
    arm64) triplet=aarch64-linux-gnu ;;
    armhf) triplet=arm-linux-gnueabihf ;;
    *) echo "cross/sysroot.sh: no architecture '$arch': arm64 or armhf" >&2; exit 2 ;;
esac
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
gcc=$("$triplet-gcc" -dumpversion)
gcc=${gcc%%.*}

say() { printf 'sysroot %s: %s\n' "$arch" "$*" >&2; }

packages() {
    printf '%s\n' libc6-dev linux-libc-dev "libstdc++-$gcc-dev" "libgcc-$gcc-dev"
    sed 's/#.*//; /^ *$/d' cross/libraries.txt
}

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

# Absolute links would lead out of the root; update-alternatives would have made those of blas and lapack.
mend_links() {
    local root=$1 link name
    while IFS= read -r -d '' link; do
        ln -sfnr "$root$(readlink "$link")" "$link"
    done < <(find "$root" -xdev -type l -lname '/*' -print0)
    for name in blas lapack; do
        if [[ -e $root/usr/lib/$triplet/$name/lib$name.so.3 ]]; then
            ln -sfn "$name/lib$name.so.3" "$root/usr/lib/$triplet/lib$name.so.3"
        fi
    done
}

# Everything that no build reads goes.
trim() {
    local root=$1
    rm -rf "${root:?}"/{bin,sbin,var,boot,dev,proc,run,srv} "${root:?}"/usr/{bin,sbin,games} \
        "$root"/usr/share/{doc,man,locale,info,icons,fonts,mime,X11,bash-completion,lintian,perl*} \
        "$root/usr/lib/$triplet"/{dri,perl*} "$root/usr/lib/$triplet"/libLLVM*
}

build() {
    local root=$1 include versions sources
    include=$(packages | paste -sd,)
    # What is in it: "name version" a line, also for the bill of materials.
    # shellcheck disable=SC2016  # $1 is the root, expanded by the hook's shell
    versions='find "$1/var/cache/apt/archives" -name "*.deb" -exec dpkg-deb --show --showformat="\${Package} \${Version}\n" {} \; |
        sort >"$1/packages.txt"'
    sources=$(cross/sources.sh "$arch")
    as_root mmdebstrap --quiet --mode=root --architectures="$arch" --variant=extract --include="$include" \
        --extract-hook="$versions" \
        "$suite" "$root" - <<<"$sources"
    as_root chown -R "$(id -u):$(id -g)" "$root"
    mend_links "$root"
    trim "$root"
}

key=$({ packages; echo "$suite"; cat cross/sysroot.sh; } | sha256sum | cut -c1-12)
root=$PWD/build/sysroot/$arch-$key
if [[ ! -f $root/packages.txt ]]; then
    say "unpacking $(packages | wc -l) packages and what they need into ${root#"$PWD"/}"
    as_root rm -rf "$root" "$root.part"
    mkdir -p build/sysroot
    build "$root.part"
    mv "$root.part" "$root"
    say "$(wc -l <"$root/packages.txt") packages, $(du -sm "$root" | cut -f1) MB; versions in packages.txt"
fi
# Presets name it without the hash.
ln -sfn "$arch-$key" "build/sysroot/$arch"
echo "build/sysroot/$arch"
