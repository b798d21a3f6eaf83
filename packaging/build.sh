#!/usr/bin/env bash
# packaging/build.sh PRESET [ARCH]: Debian packages of what build/PRESET/bin holds, in build/package/ARCH.
# Nothing is compiled. For another architecture than this machine's:
#   CXEDGE_SYSROOT  its root file system, with packages.txt ("name version" a line)
#   CXEDGE_RUN      what runs its programs here, e.g. "qemu-aarch64-static -L SYSROOT"
# README.md of this folder says how it hangs together.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?preset, like release}
arch=${2:-$(dpkg --print-architecture)}
root=$PWD
built=$root/build/$preset
out=$root/build/package/$arch
stage=$out/stage
read -r -a run <<<"${CXEDGE_RUN:-}"

[[ -x $built/bin/cxedged ]] || {
    echo "packaging/build.sh: no $preset/bin/cxedged under build/: ./dev build first" >&2
    exit 1
}
version=$(<"$built/VERSION")
# The commit's time, or without git the change log's.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
export SOURCE_DATE_EPOCH TZ=UTC0 LC_ALL=C.UTF-8

# dpkg's change log: what changed is told by CHANGELOG.md and git.
changelog() {
    cat <<END
cxedge ($version) unstable; urgency=medium

  * Built from ${version##*+}.
    CHANGELOG.md tells what is new.

 -- $(sed -n 's/^Maintainer: //p' packaging/debian/control)  $(date -R -d "@$SOURCE_DATE_EPOCH")
END
}

# page KIND NAME SECTION SOURCE...
page() {
    local kind=$1 name=$2 section=$3
    shift 3
    python3 packaging/man_page.py "$kind" "$name" "$section" "packaging/man/$name.$section.body" \
        "${version%%+*}" "$(date -d "@$SOURCE_DATE_EPOCH" +%F)" "$@" >"$stage/man/$name.$section"
}

man_pages() {
    local plugin plugins=()
    for plugin in plugins/[a-z]*/; do plugins+=("${plugin%/}"); done
    page program cxedged 8 "${run[@]}" "$built/bin/cxedged"
    page program cxctl 1 "${run[@]}" "$built/bin/cxctl"
    page program cxedge-camera 1 "${run[@]}" "$built/bin/cxedge-camera"
    page settings cxedge-devices 8
    page settings cxedge-probes 8
    page settings cxedged.toml 5 firmware-config/examples/site.toml "${plugins[@]}"
}

# bill PACKAGE PROGRAM...
bill() {
    local package=$1
    shift
    python3 packaging/sbom.py "$package" "$version" "${CXEDGE_SYSROOT:-}" "${@/#/$built/bin/}" \
        >"$stage/sbom/$package.spdx.json"
}

# lay_out_plugins NAME LIST: what belongs to cxedge-NAME: its programs, which the build knows (LIST, see
# cmake/targets.cmake), and a drop-in of the unit.
lay_out_plugins() {
    local name=$1 program programs files=$stage/debian/cxedge-$1
    mapfile -t programs <"$built/$2"
    printf 'bin/%s usr/bin\n' "${programs[@]}" >"$files.install"
    cat >>"$files.install" <<END
sbom/cxedge-$name.spdx.json usr/share/doc/cxedge-$name
cxedged.service.d/$name.conf usr/lib/systemd/system/cxedged.service.d
END
    echo "man/cxedge-$name.8" >"$files.manpages"
    for program in "${programs[@]}"; do
        echo "usr/share/man/man8/cxedge-$name.8.gz usr/share/man/man8/$program.8.gz"
    done >"$files.links"
    cp packaging/debian/cxedge-camera.postinst "$files.postinst"
    bill "cxedge-$name" "${programs[@]}"
}

lay_out() {
    rm -rf "$out"
    mkdir -p "$stage"/{man,sbom,completions}
    cp -r packaging/debian "$stage/debian"
    cp packaging/cross.shlibs "$stage/debian"
    cp systemd/cxedged.service "$stage/debian/cxedge.cxedged.service"
    cp systemd/cxedged-retry.timer "$stage/debian/cxedge.cxedged-retry.timer"
    cp -r systemd/cxedged.service.d systemd/polkit systemd/update "$stage"
    cp systemd/update/cxedge-update-check.service "$stage/debian/cxedge-update.cxedge-update-check.service"
    cp systemd/update/cxedge-update-check.path "$stage/debian/cxedge-update.cxedge-update-check.path"
    cp systemd/cxedge.sysusers "$stage/debian/cxedge.sysusers"
    cp systemd/cxedge.tmpfiles "$stage/debian/cxedge.tmpfiles"
    cp packaging/bash-completion "$stage/completions/cxctl"
    cp README.md METRICS.md "$stage"
    ln -s "$built/bin" "$root/firmware-config" "$stage"
    changelog >"$stage/debian/changelog"
    man_pages
    bill cxedge cxedged cxctl
    bill cxedge-camera cxedge-camera
    lay_out_plugins devices device-programs.txt
    lay_out_plugins probes probe-programs.txt
    echo polkit/50-cxedge-probes.rules usr/share/polkit-1/rules.d >>"$stage/debian/cxedge-probes.install"
}

lay_out
(cd "$stage" && dpkg-buildpackage --build=binary --host-arch="$arch" --no-sign --no-check-builddeps >"$out/build.log" 2>&1) || {
    tail -n 40 "$out/build.log" >&2
    exit 1
}
rm -rf "$stage"
ls -l "$out"/*.deb
