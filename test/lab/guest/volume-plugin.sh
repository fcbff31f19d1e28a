# A plugin of Docker's that keeps volumes, made from what the host has: there is no registry to pull one from. Its program
# is given as standard input, and runs with the host's own /usr.
set -eu
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
root=$folder/rootfs
mkdir -p "$root/data" "$root/run/docker/plugins" "$root/usr"
for each in bin lib lib64; do ln -s "usr/$each" "$root/$each"; done
cat >"$root/volume-plugin.py"
cat >"$folder/config.json" <<'CONFIG'
{
  "description": "volumes as folders",
  "entrypoint": ["/usr/bin/python3", "/volume-plugin.py"],
  "interface": {"types": ["docker.volumedriver/1.0"], "socket": "folders.sock"},
  "network": {"type": "none"},
  "propagatedMount": "/data",
  "mounts": [{"type": "bind", "source": "/usr", "destination": "/usr", "options": ["rbind", "ro"]}],
  "linux": {"capabilities": []}
}
CONFIG
docker plugin create lab/folders:1 "$folder" >/dev/null
docker plugin enable lab/folders:1 >/dev/null
docker volume create --driver lab/folders:1 shelf >/dev/null
docker run --rm -v shelf:/shelf lab/base:1 sh -c 'echo kept >/shelf/note.txt'
