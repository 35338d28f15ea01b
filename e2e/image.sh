#!/bin/bash
# Builds the image on the engine in DOCKER_HOST, without a registry, and runs it: go run ./e2e/engine e2e/image.sh
set -euo pipefail
cd "$(dirname "$0")/.."
image=ronde:test

# builder makes the Go image that the Dockerfile starts from, under the same name: Debian and this machine's Go.
builder() {
  local name=$1 version=${1#golang:} have tarball
  have=$(go env GOVERSION)
  [[ $have == go${version%-*}* ]] || { echo "$name holds another Go than this machine's $have" >&2; return 1; }
  tarball=${RONDE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ronde}/images/${version#*-}-$have.tar
  [ -e "$tarball" ] || pack "${version#*-}" "$tarball"
  docker import --change 'ENV PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin GOPATH=/go GOTOOLCHAIN=local' \
    "$tarball" "$name" >/dev/null
}

# pack makes a tar file of a small Debian with a C compiler and this machine's Go.
pack() {
  local suite=$1 tarball=$2 root
  mkdir -p "${tarball%/*}"
  root=$(mktemp -d "${tarball%/*}/root.XXXXXX")
  # shellcheck disable=SC2064 # the folder's name as it is now
  trap "rm -rf '$root' '$root.log'" EXIT
  debootstrap --variant=minbase --include=gcc,libc6-dev,ca-certificates "$suite" "$root" \
    "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$root.log" 2>&1 || { tail -n 5 "$root.log" >&2; return 1; }
  cp -a "$(go env GOROOT)" "$root/usr/local/go"
  # This machine's authorities, as there may be a proxy of its own between it and the Go modules.
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  tar -C "$root" -cf "$tarball.new" .
  mv "$tarball.new" "$tarball"
}

base=$(sed -n 's/^FROM \(golang:[^ ]*\).*/\1/p' Dockerfile)
docker image inspect "$base" >/dev/null 2>&1 || builder "$base"

# The classic builder: Debian's docker comes without the plug-in that the other one needs.
log=$(mktemp)
DOCKER_BUILDKIT=0 docker build --network host --tag "$image" --build-arg VERSION=test \
  --build-arg HTTP_PROXY --build-arg HTTPS_PROXY --build-arg NO_PROXY . >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
rm -f "$log"

run() { docker run --rm --network none --read-only "$@"; }
run "$image" version
run --volume "$PWD/config.example.toml:/data/config.toml:ro" "$image" config check /data/config.toml

[ "$(docker image inspect --format '{{.Config.User}}' "$image")" != "" ] || { echo "the image runs as root" >&2; exit 1; }
docker image inspect --format '{{.Size}}' "$image" | awk '{printf "image of %.1f MB\n", $1 / 1e6}'
