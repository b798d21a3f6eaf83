#!/usr/bin/env bash
# systemd/update/make-repository.sh DIR [--suite NAME] [DEB...]: adds packages to a signed apt repository,
# which is made if there is none. DIR is what a web server publishes; the key never is in it:
#   CXEDGE_REPOSITORY_KEYS  GnuPG home with the signing key (default: DIR.keys; made on first use)
# Needs apt-utils and gnupg. Versions stay until somebody deletes them from DIR/pool/SUITE.
set -euo pipefail

directory=${1:?directory of the repository}
shift
suite=stable
debs=()
while (($#)); do
    case "$1" in
        --suite) suite=$2; shift 2 ;;
        *) debs+=("$1"); shift ;;
    esac
done
mkdir -p "$directory/pool/$suite"
directory=$(cd "$directory" && pwd)
export GNUPGHOME=${CXEDGE_REPOSITORY_KEYS:-$directory.keys}
new=$directory/dists/.$suite.new
trap 'rm -rf "$new"' EXIT

make_key() {
    [[ -d $GNUPGHOME ]] || install -d -m 700 "$GNUPGHOME"
    [[ -n $(gpg --batch --list-secret-keys --with-colons 2>/dev/null) ]] ||
        gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
            --quick-generate-key "cxedge repository" ed25519 sign never
    gpg --batch --armor --export >"$directory/cxedge.asc"
}

architectures() {
    local deb
    for deb in "$directory/pool/$suite"/*.deb; do dpkg-deb --field "$deb" Architecture; done | sort -u
}

lists() {
    local arch list
    for arch in $(architectures | grep -vx all); do
        list=$new/main/binary-$arch
        mkdir -p "$list"
        (cd "$directory" && apt-ftparchive --arch "$arch" packages "pool/$suite") >"$list/Packages"
        gzip -9kn "$list/Packages"
    done
}

release() {
    apt-ftparchive -o APT::FTPArchive::Release::Origin=cxedge -o APT::FTPArchive::Release::Label=cxedge \
        -o APT::FTPArchive::Release::Suite="$suite" -o APT::FTPArchive::Release::Codename="$suite" \
        -o APT::FTPArchive::Release::Architectures="$(architectures | grep -vx all | paste -sd' ')" \
        -o APT::FTPArchive::Release::Components=main release "$new" >"$new/Release.tmp"
    mv "$new/Release.tmp" "$new/Release"
    gpg --batch --yes --quiet --clearsign --output "$new/InRelease" "$new/Release"
    gpg --batch --yes --quiet --armor --detach-sign --output "$new/Release.gpg" "$new/Release"
}

for deb in "${debs[@]}"; do
    # apt-ftparchive goes by the name.
    # shellcheck disable=SC2016  # dpkg's variables
    name=$(dpkg-deb --show --showformat='${Package}_${Version}_${Architecture}.deb' "$deb")
    cp -- "$deb" "$directory/pool/$suite/$name"
done
rm -rf "$new"
make_key
lists
release
# Readers see the old lists or the new ones.
rm -rf "$directory/dists/.$suite.old"
if [[ -d $directory/dists/$suite ]]; then mv "$directory/dists/$suite" "$directory/dists/.$suite.old"; fi
mv "$new" "$directory/dists/$suite"
rm -rf "$directory/dists/.$suite.old"
grep -hc '^Package:' "$directory/dists/$suite"/main/binary-*/Packages |
    awk -v where="$directory, suite $suite" '{ n += $1 } END { print where ": " n " packages" }'
