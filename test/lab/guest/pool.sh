#!/bin/sh
# Makes the prepared host one whose data-root is a whole pool, as Docker's own documents make it: what Docker holds is sent to
# a pool in a file, with a dataset beside its layers that is only named like one. Runs as root.
# shellcheck disable=SC2086 # ids have no blanks
set -eu
pool=zpool-docker
ran=$(docker ps -q)
docker stop -t 120 $ran >/dev/null
systemctl stop docker.socket docker.service containerd.service
truncate -s 12G /srv/pool.img
zpool create -O mountpoint=none $pool /srv/pool.img
zfs snapshot -r tank/docker@out
zfs send -R tank/docker@out | zfs receive -F -u $pool
zfs destroy -r tank/docker
zfs destroy -r $pool@out
# What is received is not set by anybody on this host.
zfs list -H -o name -r $pool | tail -n +2 | while read -r layer; do zfs set mountpoint=legacy "$layer"; done
zfs set canmount=on $pool
zfs set mountpoint=/var/lib/docker $pool
mountpoint -q /var/lib/docker || zfs mount $pool
hex() { printf "%064d" 0 | tr 0 "$1"; }
zfs create -o mountpoint=legacy "$pool/$(hex d)" && zfs snapshot "$pool/$(hex d)@kept"
zfs snapshot $pool@daily
systemctl start containerd.service docker.service
docker start $ran >/dev/null
