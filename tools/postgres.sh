#!/bin/sh
# A throw-away PostgreSQL for the tests, on a free loopback port, by an unprivileged user.
#
#     tools/postgres.sh start DIR [LOCALE]   makes and starts a cluster in DIR, prints a postgres:// URL
#     tools/postgres.sh pool DIR             starts pgbouncer in transaction mode before it, prints its URL
#     tools/postgres.sh crash DIR            ends the server as a crash does: what its log had not written is gone
#     tools/postgres.sh again DIR            starts it again where it was
#     tools/postgres.sh stop DIR             stops both and removes DIR
#
# The URLs' role, 'euthymia', owns what it makes; 'euthymia_server' is the one that a server runs as.
# LOCALE (usually C) is the cluster's default, which the database 'postgres' has. The database of the URL,
# 'euthymia', is always made from template0 with LOCALE 'C', as an administrator must make it.
# The server keeps nothing through a power cut (fsync is off): never use it for data.
set -eu

usage() {
    sed -n '2,13s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

fail() {
    echo "tools/postgres.sh: $1" >&2
    exit 1
}

[ $# -ge 2 ] || usage
action=$1
folder=$2
locale=${3:-C}

bin=/usr/lib/postgresql/15/bin
[ -x "$bin/initdb" ] || bin=$(dirname "$(command -v initdb || fail "PostgreSQL is not installed (Debian: postgresql)")")

# The server refuses to run as root; Debian's package brings a user for it.
unprivileged() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

free_port() {
    # Above the usual services, below the range the kernel hands out by itself.
    echo $((15000 + $(od -An -N2 -tu2 /dev/urandom) % 17000))
}

start_server() {
    for _ in 1 2 3 4 5 6 7 8; do
        port=$(free_port)
        options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c fsync=off"
        options="$options -c max_connections=200 -c timezone=UTC"
        if unprivileged "$bin/pg_ctl" start -s -w -D "$folder/data" -l "$folder/log" -o "$options" 2> /dev/null; then
            echo "$options" > "$folder/options"
            return
        fi
    done
    cat "$folder/log" >&2
    fail "the server did not start"
}

start() {
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    [ ! -e "$folder/data" ] || fail "$folder/data exists"
    [ "$(id -u)" != 0 ] || chown postgres "$folder"
    unprivileged "$bin/initdb" -D "$folder/data" -U euthymia --auth=trust --encoding=UTF8 --locale="$locale" \
        --no-sync > /dev/null
    start_server
    server="postgres://euthymia@127.0.0.1:$port"
    unprivileged "$bin/psql" -q -v ON_ERROR_STOP=1 "$server/postgres" \
        -c "CREATE ROLE euthymia_server LOGIN" \
        -c "CREATE DATABASE euthymia TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
    echo "$server/euthymia"
}

# Every database of the cluster under its own name, few sessions behind many clients.
pool() {
    folder=$(cd "$folder" && pwd) || exit 1
    bouncer=$(command -v pgbouncer || command -v /usr/sbin/pgbouncer) || fail "pgbouncer is not installed"
    server_port=$(sed -n 4p "$folder/data/postmaster.pid")
    port=$(free_port)
    printf '"euthymia" ""\n"euthymia_server" ""\n' > "$folder/users"
    cat > "$folder/pgbouncer.ini" << END
[databases]
* = host=127.0.0.1 port=$server_port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = trust
auth_file = $folder/users
pool_mode = transaction
max_client_conn = 500
default_pool_size = 8
server_reset_query =
logfile = $folder/pgbouncer.log
pidfile = $folder/pgbouncer.pid
END
    [ "$(id -u)" != 0 ] || chown -R postgres "$folder/users" "$folder/pgbouncer.ini"
    unprivileged "$bouncer" -q -d "$folder/pgbouncer.ini"
    echo "postgres://euthymia@127.0.0.1:$port/euthymia"
}

crash() {
    unprivileged "$bin/pg_ctl" stop -s -m immediate -D "$(cd "$folder" && pwd)/data"
}

again() {
    folder=$(cd "$folder" && pwd) || exit 1
    unprivileged "$bin/pg_ctl" start -s -w -D "$folder/data" -l "$folder/log" -o "$(cat "$folder/options")"
}

stop() {
    folder=$(cd "$folder" && pwd) || exit 1
    [ -d "$folder/data" ] || fail "$folder holds no cluster"
    [ ! -s "$folder/pgbouncer.pid" ] || kill "$(cat "$folder/pgbouncer.pid")" || true
    unprivileged "$bin/pg_ctl" stop -s -m immediate -D "$folder/data" || true
    rm -rf "$folder"
}

case $action in
start) start ;;
pool) pool ;;
crash) crash ;;
again) again ;;
stop) stop ;;
*) usage ;;
esac
