#!/bin/sh
# Installs what is missing of the Debian packages that the build (or, with --test, the tests) need.
# Root or a user with sudo. Prints nothing and takes no time where nothing is missing.
set -eu

packages="gcc libc6-dev meson ninja-build pkg-config libmicrohttpd-dev libgnutls28-dev libcurl4-gnutls-dev libjson-c-dev libsodium-dev libsqlite3-dev
libpq-dev libutf8proc-dev libcmocka-dev tzdata"
if [ "${1:-}" = --test ]; then
    packages="$packages clang libclang-rt-14-dev libomp-dev clang-format chromium fonts-liberation postgresql-15 pgbouncer sqlite3 git
procps"
fi
# A Node.js that is already here is used as it is.
command -v node >/dev/null || packages="$packages nodejs"
command -v npm >/dev/null || packages="$packages npm"

missing=
for package in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "These packages are missing and need root or sudo to install:$missing" >&2
        exit 1
    }
    as_root=sudo
fi
echo "Installing:$missing" >&2
$as_root apt-get update -qq >&2
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
