#!/bin/sh
# Makes the prepared host one whose data-root is a plain folder of a larger dataset, as ZFS roots have it (moby#40132): all of
# /var/lib is one dataset, with Docker's layers below it, and with what is somebody else's and only looks like one of Docker's.
# Runs as root.
# shellcheck disable=SC2086 # ids have no blanks
set -eu
of=tank/ROOT/debian
ran=$(docker ps -q)
docker stop -t 120 $ran >/dev/null
systemctl stop docker.socket docker.service containerd.service
zfs create -o mountpoint=none -o canmount=off tank/ROOT
zfs set mountpoint=/mnt/lib tank/docker
zfs rename tank/docker "$of"
cd /mnt/lib
mkdir .docker && chmod --reference=. .docker
find . -mindepth 1 -maxdepth 1 ! -name .docker -exec mv -t .docker -- {} +
mv .docker docker
cd /
chmod 755 /mnt/lib
rsync -aHAX --exclude=/docker /var/lib/ /mnt/lib/
zfs set mountpoint=/var/lib "$of"
mountpoint -q /var/lib
echo theirs >/var/lib/docker-zfs-backup.txt
mkdir /var/lib/docker.theirs && echo theirs >/var/lib/docker.theirs/note
hex() { printf "%064d" 0 | tr 0 "$1"; }
# Named like a layer, mounted as one, and not Docker's; with a snapshot. One as BuildKit makes them. One with a place of its own.
zfs create -o mountpoint=legacy "$of/$(hex d)" && zfs snapshot "$of/$(hex d)@kept"
zfs create -o mountpoint=legacy "$of/kkkkkkkkkkkkkkkkkkkkkkkkk"
zfs create -o mountpoint=/srv/app "$of/app" && echo theirs >/srv/app/note
zfs snapshot "$of@daily"
systemctl start containerd.service docker.service
docker start $ran >/dev/null
