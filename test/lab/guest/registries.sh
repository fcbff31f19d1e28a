# Three registries on the host's loopback, from one program and one folder, and images that are in them in every way: what
# a lab host can have of the world of registries without a network. Debian's docker-registry is unpacked in $base.
set -eu
base=/root/registries
# Of the user `lab` with the password `secret`.
printf 'lab:%s\n' "$(perl -e 'print crypt("secret", "\$2y\$05\$abcdefghijklmnopqrstuu")')" >"$base/htpasswd"
for port in 5000 5001 5002; do
  {
    printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nhttp: {addr: "127.0.0.1:%s"}\n' "$port"
    printf 'storage: {filesystem: {rootdirectory: %s/%s}, delete: {enabled: true}}\n' "$base" "$port"
    if [ "$port" = 5001 ]; then printf 'auth: {htpasswd: {realm: lab, path: %s/htpasswd}}\n' "$base"; fi
  } >"$base/$port.yml"
  systemd-run --quiet --collect --unit="lab-registry-$port" "$base/usr/bin/docker-registry" serve "$base/$port.yml"
done
for port in 5000 5001 5002; do
  n=0
  until ss -ltn | grep -q "127.0.0.1:$port "; do
    n=$((n + 1))
    [ "$n" -lt 60 ] || { journalctl -q --no-pager -u "lab-registry-$port" >&2; exit 1; }
    sleep 1
  done
done
echo secret | docker login -u lab --password-stdin 127.0.0.1:5001 >/dev/null 2>&1

context=$(mktemp -d)
build() { # name, content
  echo "$2" >"$context/content"
  tar -C "$context" -c . | docker import - "$1" >/dev/null
}
build 127.0.0.1:5000/shop/app:1 open
build 127.0.0.1:5001/shop/private:1 private
build 127.0.0.1:5000/shop/gone:1 gone
build 127.0.0.1:5002/shop/down:1 down
build shop/local:1 local
for image in 127.0.0.1:5000/shop/app:1 127.0.0.1:5001/shop/private:1 127.0.0.1:5000/shop/gone:1 127.0.0.1:5002/shop/down:1; do
  docker push "$image" >/dev/null
done
rm -r "$context"
systemctl stop lab-registry-5002
