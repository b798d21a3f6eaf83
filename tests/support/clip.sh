# Sourced: a film of people walking, from a Debian package.
# shellcheck shell=bash

# find_clip DIRECTORY: makes DIRECTORY/vtest.avi
find_clip() {
    local dir=$1 clip
    clip=$(dpkg -L opencv-doc 2>/dev/null | grep -E '/vtest\.avi(\.gz)?$' | head -n 1 || true)
    if [[ -f $clip && $clip == *.gz ]]; then
        gzip -dc "$clip" >"$dir/vtest.avi"
    elif [[ -f $clip ]]; then
        ln -s "$clip" "$dir/vtest.avi"
    else
        # Images built without /usr/share/doc have the package but not the file.
        (cd "$dir" && apt-get download -q opencv-doc && dpkg-deb --fsys-tarfile opencv-doc_*.deb |
            tar -xO --wildcards '*/vtest.avi*' >clip)
        gzip -dc "$dir/clip" >"$dir/vtest.avi" 2>/dev/null || mv "$dir/clip" "$dir/vtest.avi"
    fi
}
