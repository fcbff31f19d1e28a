#!/bin/sh
# Owns what must be true of a prepared host after it booted by itself; run once, before its state is cached.
# $1 is the storage driver that this release's Docker is expected to choose. Prints what is wrong, exits 1.
set -eu
wrong=0
expect() { # WHAT WANTED FOUND
  [ "$2" = "$3" ] || { echo "lab: $1: expected '$2', found '$3'" >&2; wrong=1; }
}
expect 'the data-root is a mount of' 'zfs tank/docker' "$(findmnt -no FSTYPE,SOURCE /var/lib/docker | tr -s ' ')"
expect 'storage driver' "$1" "$(docker info --format '{{.Driver}}')"
expect 'web' running "$(docker inspect --format '{{.State.Status}}' web)"
expect 'cache' running "$(docker inspect --format '{{.State.Status}}' cache)"
expect 'job' 'exited 3' "$(docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' job)"
expect 'web answers' '<h1>lab</h1>' "$(docker exec web wget -qO- http://127.0.0.1/)"
expect 'system state' running "$(systemctl is-system-running --wait || true)"
cd /var/lib/docker/volumes
sha256sum -c --quiet /root/volumes.sha256 || wrong=1
lab-volume-checksums | cmp - /root/volumes.list || wrong=1
exit "$wrong"
