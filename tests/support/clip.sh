# Sourced: a film of people walking, from a Debian package, and the source that counts them.
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

# camera_source FILE: the TOML of a camera that sees it over and over
camera_source() {
    cat <<END

[[source]]
plugin = "camera"
name = "entrance"
source = "file:$1"
loop = true
[[source.line]]
name = "door"
door = "main"
points = [0.62, 0.2, 0.62, 1.0]
END
}
