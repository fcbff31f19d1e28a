# Docker, its data-root and what that lies on. Never asks Docker where asking could start it. The last part: it may end the
# script.
#
# $1: how many lines of what the data-root's mount hides are printed. Functions that stand before it: base.sh,
# modules/system/dependents.sh, modules/host/process.sh, modules/host/holders.sh, modules/storage/mounts-elsewhere.sh.

# Paths of the host that containers and volumes were given; what stands between them has no slash. For Docker's templates, a
# path as it is, a line feed, and the path in JSON, ended by NUL. Not asked where no container and no volume was given any.
# shellcheck disable=SC2086 # ids and names of volumes have no blanks
given() {
  case $containers in *'"Type":"bind"'* | *'"PathOnHost":'*)
    docker inspect --type container --format '{{range .Mounts}}{{if eq .Type "bind"}}{{printf "%s\n%s\x00" .Source (json .Source)}}{{end}}{{end}}{{range (index .HostConfig "Mounts")}}{{if eq .Type "bind"}}{{printf "%s\n%s\x00" .Source (json .Source)}}{{end}}{{end}}{{range (index .HostConfig "Devices")}}{{printf "%s\n%s\x00" .PathOnHost (json .PathOnHost)}}{{end}}' $ids ;;
  esac
  case $volumes in *'"device":'*)
    docker volume inspect --format '{{with .Options}}{{with (index . "device")}}{{printf "%s\n%s\x00" . (json .)}}{{end}}{{end}}' $names ;;
  esac
}

# How dockerd runs, or would be started: its command line, its environment and its file.

service=docker.service
if [ -d /run/systemd/system ] && has systemctl; then
  units=$(systemctl show --no-pager -p Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic,ExecStart,Environment,EnvironmentFiles docker.service docker.socket containerd.service fstrim.timer snap.docker.dockerd.service)
  unit() { printf '%s\n' "$units" | awk -v id="Id=$1" 'BEGIN { RS = "" } index("\n" $0 "\n", "\n" id "\n")'; }
  # Made anew each time that a timer with Persistent=, as fstrim.timer is, has run (systemd.timer(5)).
  section trimmed; stat -c %Y /var/lib/systemd/timers/stamp-fstrim.timer
  section units; printf '%s\n' "$units" | grep -e '^Id=' -e '^LoadState=' -e '^ActiveState=' -e '^UnitFileState=' -e '^NeedDaemonReload=' -e '^InactiveExitTimestampMonotonic=' -e '^ActiveEnterTimestampMonotonic=' -e '^$'
  # Of two Dockers, the snap's counts where it runs.
  case $(unit snap.docker.dockerd.service) in *ActiveState=active*) service=snap.docker.dockerd.service ;; esac
  about=$(unit "$service")
  case $about in *ActiveState=active*) active=1 ;; esac
  exec_start=$(printf '%s\n' "$about" | sed -n 's/^ExecStart=.*argv\[\]=\(.*\) ; ignore_errors=.*/\1/p')
  section start; printf '%s\n' "$exec_start"
  section environment; printf '%s\n' "$about" | sed -n 's/^Environment=//p' | tr ' ' '\n'
  printf '%s\n' "$about" | sed -n 's/^EnvironmentFiles=\(.*\) (ignore_errors=.*/\1/p' | while read -r file; do
    cat "$file"; echo
  done
else
  # shellcheck disable=SC2013 # a word each
  for pid in $(cat /var/run/docker.pid /run/docker.pid); do
    [ -d "/proc/$pid" ] && active=1 && section start && tr '\0' ' ' <"/proc/$pid/cmdline" && exec_start=$(tr '\0' ' ' <"/proc/$pid/cmdline") && break
  done
fi
config=$(printf '%s\n' "$exec_start" | sed -n 's/.*--config-file[= ]\([^ ]*\).*/\1/p')
[ -n "$config" ] || {
  config=/etc/docker/daemon.json
  [ "$service" = docker.service ] || config=/var/snap/docker/current/config/daemon.json
}
section config; printf '%s\n' "$config"
if [ -e "$config" ]; then section json; cat "$config" || printf unreadable; fi
section shims; cat /proc/[0-9]*/comm | grep -c '^containerd-shim'

# What Docker says, if it runs.

root=
if [ -n "$active" ] && has docker; then
  section info; info=$(limit 20 docker info --format '{{json .}}' 2>&1); printf '%s\n' "$info"
  root=$(printf '%s\n' "$info" | sed -n 's/.*"DockerRootDir":"\([^"]*\)".*/\1/p')
  if [ -n "$root" ]; then
    section container_ids; ids=$(docker ps -aq --no-trunc); printf '%s\n' "$ids"
    section containers
    # shellcheck disable=SC2086 # ids have no blanks
    containers=$([ -z "$ids" ] || docker inspect --type container --format '{"Id":{{json .Id}},"Name":{{json .Name}},"Image":{{json .Image}},"Driver":{{json .Driver}},"State":{{json .State}},"AutoRemove":{{json .HostConfig.AutoRemove}},"RestartPolicy":{{json .HostConfig.RestartPolicy}},"Modes":[{{json .HostConfig.NetworkMode}},{{json .HostConfig.IpcMode}},{{json .HostConfig.PidMode}}],"StorageOpt":{{json (index .HostConfig "StorageOpt")}},"HostConfig":{"Mounts":{{json (index .HostConfig "Mounts")}},"Devices":{{json (index .HostConfig "Devices")}},"Privileged":{{json (index .HostConfig "Privileged")}}},"Mounts":{{json .Mounts}},"Config":{"Image":{{json .Config.Image}},"Labels":{{json .Config.Labels}},"StopSignal":{{json (index .Config "StopSignal")}}}}' $ids); printf '%s\n' "$containers"
    section volumes
    names=$(docker volume ls -q)
    # shellcheck disable=SC2086 # names of volumes have no blanks
    volumes=$([ -z "$names" ] || docker volume inspect --format '{{json .}}' $names); printf '%s\n' "$volumes"
    # Of what was given, what is not there any more, as it is in JSON.
    section gone; given | limit 5 xargs -0 sh -c '
      end=$(printf "\n.") end=${end%.}
      for each do
        case $each in */*)
          path=/${each#*/}; told=${path##*"$end"}
          [ -e "${path%"$end"*}" ] || printf "%s\n" "$told" ;;
        esac
      done' sh
    case $info in *'"ControlAvailable":true'*) section nodes; limit 5 docker node ls --format '{{json .}}' ;; esac
    # shellcheck disable=SC2010 # other names do not matter
    if ls "$root/plugins" | grep -q -x '[0-9a-f]\{64\}'; then section plugins; limit 5 docker plugin ls --format '{{json .Name}}'; fi
  fi
fi

# The data-root, and what depends on it.

section dockerd; has dockerd && [ -z "$root" ] && dockerd --version
[ -n "$root" ] || root=$(printf '%s\n' "$exec_start" | sed -n 's/.* \(--data-root\|--graph\|-g\)[= ]\([^ ]*\).*/\2/p')
[ -n "$root" ] || root=$(tr '\n' ' ' <"$config" | sed -n 's/.*"\(data-root\|graph\)"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\2/p')
if [ -z "$root" ]; then
  if [ -d /var/lib/docker ]; then root=/var/lib/docker
  elif has dockerd; then root=/var/lib/docker; fi
fi
[ -n "$root" ] || exit 0
section root
printf '%s\n' "$root"
real=$(readlink -f -- "$root") || real=$root
printf '%s\n' "$real"
[ -d "$real" ] && echo exists
# What a run has marked of a data-root that is a folder: it, or what it was renamed to.
section marks; for folder in "$real" "$real-zfs-backup"; do
  [ -f "$folder/.zrun-marks" ] && AT=$folder awk '{ print ENVIRON["AT"] "\t" $0 }' <"$folder/.zrun-marks"
done
section taken; [ -e "$real-zfs-backup" ] && echo taken
section holding; has zfs && zfs list -Hp -o name,guid -- "${real%/*}/"
if [ -d /run/systemd/system ] && has systemctl; then
  [ -e /var/lib/zrun/overlay2/units ] && section held
  section dependents
  dependents "$real" docker docker.service docker.socket "$(systemd-escape -p --suffix=mount -- "$real")"
fi
[ -d "$real" ] || exit 0
section statfs; stat -f -c '%S %a %c %d' -- "$real"
if has zfs; then
  # Where ZFS mounts by systemd's generator, what it will mount there at the next boot.
  section cached
  for cache in /etc/zfs/zfs-list.cache/*; do
    awk -F '\t' -v root="$real" '
      { at = $2; gsub("//+", "/", at) }
      at == root { print FILENAME "\t" $1 "\t" $3 "\t" $20 }' "$cache"
  done
  section there
  zfs list -Hp -t filesystem -o name,mountpoint,canmount,mounted | awk -F '\t' -v root="$real" '$2 == root'
fi
section names; ls -A -- "$real"
printable() { tr '\001-\011\013-\037\177' '?'; }
# What is in folders of which nothing is carried as it is, for Docker recreates it. Of containers, only what is none.
section inside; (cd "$real" && find containers image buildkit zfs tmp runtimes -mindepth 1 -maxdepth 1 -print0) |
  tr '\n\0' '?\n' | awk '!/^containers\/[0-9a-f]*$/ || length($0) != 75' | head -n 200 | printable
# As /proc/self/mountinfo has it.
mounted=$(printf '%s' "$real" | sed 's/\\/\\134/g; s/ /\\040/g')
if grep -q -F -- " $mounted " /proc/self/mountinfo; then
  # What the mount hides is seen in a mount namespace of its own, where the folder above is bound onto the mount, without
  # what is mounted in that folder (mount_namespaces(7)). Nobody else sees it, and nothing of it stays. That namespace has
  # every mount, layers too, which cannot be destroyed meanwhile: it ends after one look.
  section hidden; limit 10 unshare --mount sh -c '
    mount --make-rprivate / && mount --bind "$1" "$2" && cd "$2/$3" && printf "seen\0" &&
      find . -mindepth 1 -maxdepth 1 -print0' sh "${real%/*}/" "$real" "${real##*/}" |
    tr '\n\0' '?\n' | head -n "$1" | printable
fi
if grep -q -F -- " $mounted " /proc/self/mountinfo || [ "$(stat -f -c %T -- "$real")" = zfs ]; then
  section elsewhere
  elsewhere "$real"
  section holders
  holders "$real"
fi
section aside; find "${real%/*}/" -mindepth 1 -maxdepth 1 -name "${real##*/}.hidden-*" | printable
# Docker in Docker: volumes that hold a data-root themselves.
section inner; limit 5 sh -c '
  cd "$1" && for each in */_data/image/zfs; do
    [ ! -d "$each" ] || printf "%s\n" "${each%%/*}"
  done && echo done' sh "$real/volumes" | printable
section drivers; for driver in aufs btrfs devicemapper fuse-overlayfs overlay overlay2 zfs; do
  # shellcheck disable=SC2012 # only whether there is any
  [ -n "$(ls -A -- "$real/$driver" | head -n 1)" ] && echo "$driver"
done
# Docker makes this folder of its driver at each start, also where it never held an image.
section stores; find "$real/image/" -mindepth 1 -maxdepth 1 -type d | printable
section du; [ -d "$real/volumes" ] && has timeout && timeout 1 du -sb -- "$real/volumes" && echo 'done'

# The volume or the dataset that it lies on.

device=$(df -P -- "$real" | sed -n '2s/ .*//p')
is_folder=
case $device in
  /dev/zd* | /dev/zvol/*)
    device=$(readlink -f -- "$device")
    of=$(find /dev/zvol -type l | while read -r link; do
      [ "$(readlink -f -- "$link")" = "$device" ] && echo "${link#/dev/zvol/}" && break
    done)
    section volume ;;
  *)
    has zfs && of=$(zfs list -Hp -o name -- "$real") && section dataset
    [ "$(stat -c %d -- "$real")" != "$(stat -c %d -- "${real%/*}/")" ] || is_folder=1 ;;
esac
[ -n "$of" ] || exit 0
printf '%s\n' "$of"
section properties; zfs get -Hp -o property,value,source all "$of"
above=${of%/*}
if [ -n "$is_folder" ]; then
  # Not beside a dataset that holds more: its boot environments come and go.
  above=$(zfs get -H -o value encryptionroot "$of")
  case $above in '' | -) above=${of%%/*} ;; esac
elif [ "$above" != "$of" ] && [ "$(zfs get -H -o value encryption "$above")" = off ]; then
  # Not beside it where that would not be encrypted, but in it, as in a whole pool.
  case $(zfs get -H -o value encryption "$of") in off | - | '') ;; *) above=$of ;; esac
fi
section place; printf '%s\n' "$above"
section above; zfs list -Hp -o available "$above"; zfs get -H -o value encryption "$above"
section key; key_of "$above"
section snapshots; zfs list -Hp -o name -t snapshot -d 1 "$of" | wc -l
if [ -z "$is_folder" ]; then
  section below; zfs list -Hp -o name -r -t filesystem,volume "$of"
  exit 0
fi
# What is Docker's of a larger dataset. A layer is a child that Docker's own records know and that nothing but the driver mounts.
data=$real
[ -d "$real/zfs" ] || [ ! -f "$real-zfs-backup/.zrun-marks" ] || data=$real-zfs-backup
# shellcheck disable=SC2016 # for the inner shell
section contents; limit 20 sh -c 'find "$1" -xdev -printf "%s\n" | awk "{ n++; sum += \$1 } END { printf \"%.0f\\t%d\\n\", sum, n }"' sh "$data"
section layers
{
  find "$data/image/zfs/layerdb" \( -name cache-id -o -name mount-id -o -name init-id \) -exec grep -h '' {} +
  echo /
  zfs get -Hp -d 1 -t filesystem -s local -o name,value mountpoint "$of"
  echo /
  zfs list -Hp -d 1 -t filesystem -o name,guid,createtxg,logicalused "$of"
} | awk -F '\t' -v of="$of/" '
  $0 == "/" { part_++; next }
  !part_ { known[$0]; next }
  part_ == 1 { if ($2 == "legacy") legacy[$1]; next }
  index($1, of) == 1 { print ((substr($1, length(of) + 1) in known) && ($1 in legacy) ? "known" : "other") "\t" $0 }'
exit 0
