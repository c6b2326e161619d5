#!/bin/sh
# Builds everything into a folder: tools/build.sh DIR [meson option ...]
# Does only what has changed: a second call takes well under a second.
set -eu
cd "$(dirname "$0")/.."
dir=$1
shift

# npm ci where the lock file is newer than what is installed. Scripts are not run: esbuild's only checks itself.
install_node_modules() {
    if [ ! -e "$1/node_modules/.installed" ] || [ "$1/package-lock.json" -nt "$1/node_modules/.installed" ]; then
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
        touch "$1/node_modules/.installed"
    fi
}
install_node_modules tools
install_node_modules web

if [ ! -e web/dist/index.html ] ||
    [ -n "$(find web/src web/css web/phone web/index.html web/mark.svg web/build.mjs web/package-lock.json -newer web/dist/index.html -print -quit)" ]; then
    (cd web && node build.mjs >&2)
fi

# Which files are linked in and which tests there are is asked when meson configures, so a new one means a new
# configuration.
listing=$( (find data web/dist -type f; find tests -name meson.build) | sort | cksum)
if [ ! -e "$dir/build.ninja" ]; then
    meson setup "$dir" "$@" >&2
elif [ "$(cat "$dir/listing" 2>/dev/null)" != "$listing" ]; then
    meson setup --reconfigure "$dir" "$@" >&2
fi
echo "$listing" >"$dir/listing"
ninja -C "$dir" >"$dir/ninja.log" 2>&1 || {
    cat "$dir/ninja.log" >&2
    exit 1
}
