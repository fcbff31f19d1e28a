#!/bin/sh
# Owns what a prepared host holds: the pool, Docker on it, images, volumes with awkward content, containers.
# Runs once per release as root in the guest, on its first boot; the result is cached and copied to every host.
# Whatever a test relies on is asserted here or in check.sh, not assumed.
set -eu
say() { echo "lab: $*"; }
volumes=/var/lib/docker/volumes

say 'pool tank, dataset tank/docker'
modprobe zfs
udevadm settle
zpool create -o ashift=12 -O atime=off -O canmount=off -O mountpoint=none tank /dev/disk/by-id/virtio-tank
zfs create -o mountpoint=/var/lib/docker -o compression=lz4 -o xattr=sa -o acltype=posixacl -o recordsize=64K \
  -o lab:owner='platform team' tank/docker
# A dataset that has nothing to do with Docker: it must come through everything untouched.
zfs create -o mountpoint=/srv/home tank/home
echo 'not Docker'"'"'s' > /srv/home/note.txt

say 'Docker'
install -d -m 0755 /etc/docker
# Valid, but not how a program would write it: whoever edits this file must keep what it says.
printf '{\n\t"log-driver":"json-file" , "log-opts" : {"max-size":"10m",\n\n  "max-file": "3"},\n    "labels": [ "site=lab","caf\\u00e9=yes" ]\n}' \
  > /etc/docker/daemon.json
systemctl enable --quiet containerd.service docker.socket docker.service
systemctl start docker.service

say 'images'
# No network inside: an image is busybox and what it needs, and both are built here.
context=$(mktemp -d)
mkdir -p "$context/root/bin" "$context/root/tmp"
cp "$(command -v busybox)" "$context/root/bin/busybox"
for applet in sh ls cat cp mv rm ln mkdir rmdir touch chmod chown stat sleep echo printf env id ps kill test wc head \
  tail sed grep find sort sha256sum dd sync true false httpd wget nc mount df du readlink date seq tar; do
  ln -s busybox "$context/root/bin/$applet"
done
cat > "$context/root/bin/serve" <<'SERVE'
#!/bin/sh
# Process 1 has no default signal handlers: without the trap every `docker stop` would wait out its ten seconds.
trap 'exit 0' TERM INT
[ -d /data/www ] && httpd -p 80 -h /data/www
while :; do sleep 3600 & wait $!; done
SERVE
chmod 0755 "$context/root/bin/serve"
cat > "$context/Dockerfile" <<'BASE'
FROM scratch
COPY root /
ENV PATH=/bin
CMD ["/bin/serve"]
BASE
mkdir "$context/web"
echo 'served by the lab' > "$context/web/motd"
cat > "$context/web/Dockerfile" <<'WEB'
FROM lab/base:1
LABEL lab.tier=front
COPY motd /etc/motd
RUN mkdir -p /var/cache/web && echo built > /var/cache/web/stamp
WEB
export DOCKER_BUILDKIT=0
docker build --quiet --tag lab/base:1 --tag lab/base:latest "$context"
docker build --quiet --tag lab/web:1 "$context/web"
rm -r "$context"

say 'volumes'
docker network create --label lab=yes backend >/dev/null
docker volume create --label lab.keep=yes data >/dev/null
docker create --name cache --restart always --hostname cache-host --volume /cache lab/base:1 >/dev/null
anonymous=$(docker inspect --format '{{range .Mounts}}{{.Name}}{{end}}' cache)
[ -n "$anonymous" ]

cd "$volumes/data/_data"
mkdir www empty 'empty dir with spaces'
echo '<h1>lab</h1>' > www/index.html
seq 1 100000 > numbers.txt
head -c 1048576 /dev/urandom > random.bin
ln numbers.txt 'hard link.txt'
mkdir -p deep/er/and/deeper
ln numbers.txt deep/er/and/deeper/third-name
truncate -s 64M sparse.img
printf 'in the middle' | dd of=sparse.img bs=1 seek=33554432 conv=notrunc status=none
: > empty.txt
ln -s numbers.txt relative-link
ln -s /etc/hostname absolute-link
ln -s 'no such file' 'dangling link'
mkfifo pipe
long=$(printf '%0200d' 0 | tr 0 x)
newline=$(printf 'new\nline')
odd=$(printf 'bytes \377\376 not utf-8')
for name in 'with space' "$newline" ./-dash './--help' 'ünïcödé-日本語' "$long" '*glob?[x]' "quote'and\"double" 'back\slash' \
  ' leading and trailing ' '$HOME`id`;true' "$odd" .hidden; do
  printf 'content of %s' "$name" > "$name"
done
for number in $(seq 1 60); do echo "small file $number" > "deep/er/$number.txt"; done
echo user > owned-by-1000; chown 1000:1000 owned-by-1000
echo nobody > owned-by-nobody; chown 65534:65534 owned-by-nobody
echo far > owned-by-no-name; chown 123456:654321 owned-by-no-name
chown -h 1000:1000 relative-link
echo s > setuid; chmod 4755 setuid
echo g > setgid; chmod 2644 setgid
echo n > no-access; chmod 0000 no-access
chmod 1777 empty; chmod 2750 'empty dir with spaces'; chown 1000:33 'empty dir with spaces'
echo attributes > attributes
setfattr -n user.origin -v 'the lab' attributes
setfattr -n user.binary -v 0x00ff0a00 attributes
setfattr -n user.on-a-folder -v yes www
# cap_net_bind_service+ep, as a plain extended attribute
setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 setuid
setfacl -m u:1000:rw,g:33:r attributes
setfacl -d -m u:1000:rwx deep
touch -d '2001-02-03 04:05:06.789 UTC' owned-by-1000 random.bin
touch -h -d '1999-12-31 23:59:59 UTC' relative-link

cd "$volumes/$anonymous/_data"
echo 'only this container knows my name' > anonymous.txt
ln anonymous.txt twin.txt
printf 'x' > "with $newline"
setfattr -n user.kind -v anonymous anonymous.txt
mkdir -p a/b/c && chown -R 999:999 a

say 'containers'
docker run --detach --name web --restart unless-stopped --network backend --network-alias www --publish 8080:80 \
  --volume data:/data --env 'MOTTO=two words' --label 'lab.note=kept as it is' --memory 64m lab/web:1 >/dev/null
docker start cache >/dev/null
docker run --name job --env PHASE=1 lab/web:1 sh -c 'echo "job done"; echo kept > /result; exit 3' >/dev/null || [ $? -eq 3 ]

say 'checksums'
cd "$volumes"
# sha256sum escapes the odd names itself, in a form its own -c reads back.
find . -type f ! -name metadata.db -print0 | sort -z | xargs -0 sha256sum > /root/volumes.sha256
lab-volume-checksums > /root/volumes.list
sync
