# What the second dockerd does before it is one. $1: its run folder; $2: the data-root to come; $3: the driver; $4: `host` or
# `own`, its network. Ends as dockerd.
#
# It is an argument of a unit, in which systemd expands a name in braces behind a dollar by itself: it has none.

mount --make-rprivate / && mount -t tmpfs -o mode=0711 tmpfs "$1/root" || exit
for f in image "$3"; do mkdir "$1/root/$f" && mount --bind -- "$2/$f" "$1/root/$f" || exit; done
if [ "$4" = host ]; then
  mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,ro /proc/sys/net || exit
  for s in /run/dbus/system_bus_socket /var/run/dbus/system_bus_socket; do [ ! -S "$s" ] || mount --bind /dev/null "$s" || exit; done
  # Bit 12 of the capabilities is CAP_NET_ADMIN.
  case $(grep '^CapEff' /proc/self/status) in *[02468ace]???) ;; *) echo 'the host lets it change its network' >&2; exit 1 ;; esac
  # shellcheck disable=SC2163 # NAME=value
  while IFS= read -r v; do export "$v"; done <"$1/environment"
fi
set -- "$1" "$3"
ip6=; if dockerd --help 2>&1 | grep -q -e --ip6tables; then ip6=--ip6tables=false; fi
# shellcheck disable=SC2086 # $ip6 is a word or none
exec dockerd --data-root "$1/root" --exec-root "$1/exec" --pidfile "$1/docker.pid" --host "unix://$1/docker.sock" --config-file "$1/daemon.json" --storage-driver "$2" --bridge none --iptables=false $ip6 --ip-forward=false --ip-masq=false --userland-proxy=false --containerd-namespace zrun-staged --containerd-plugins-namespace zrun-staged-plugins
