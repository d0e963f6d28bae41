#!/bin/sh
# Install the servers that the tests start, where that is possible: as root on Debian or a relative of it.
# Elsewhere, or when it fails, the tests of a missing server are skipped and say why.
# Nothing is started and nothing that is there already is changed.
set -u

# program  package
wanted='
postgres         postgresql
mariadbd         mariadb-server
redis-server     redis-server
prometheus       prometheus
promtool         prometheus
dockerd          docker.io
busybox          busybox-static
nginx            nginx
pgbouncer        pgbouncer
chromium         chromium
protoc           protobuf-compiler
'

has() {
    for found in "$(command -v "$1")" /usr/sbin/"$1" /usr/lib/postgresql/*/bin/"$1"; do
        [ ! -x "$found" ] || return 0
    done
    return 1
}

packages=$(echo "$wanted" | while read -r program package; do
    [ -z "$program" ] || has "$program" || echo "$package"
done | sort -u | tr '\n' ' ')
packages=${packages% }

[ -n "$packages" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "outgrow: not installed here: $packages; the tests that need them are skipped"
    exit 0
fi

# A package must not start its server on the standard port: Debian's scripts ask this file first.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
fi

log=$(mktemp)
install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1
}

echo "outgrow: installing $packages"
# shellcheck disable=SC2086 # one word per package
if ! install $packages; then
    apt-get update --quiet -o DPkg::Lock::Timeout=300 >>"$log" 2>&1
    # One at a time: one package that cannot be had must not cost the others.
    for package in $packages; do
        install "$package" || echo "outgrow: cannot install $package: $(grep -a '^E:' "$log" | tail -1)"
    done
fi
rm -f "$log"
exit 0
