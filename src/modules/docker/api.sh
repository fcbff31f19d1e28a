# What a script needs that speaks to Docker's Engine API. It ends the script where Docker is not there (71) or does not run
# (72): asking would have the socket start it. api.ts knows these statuses. Makes a folder $t, which goes at the end.

LC_ALL=C; export LC_ALL
command -v docker >/dev/null 2>&1 || exit 71
if [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1 && systemctl is-active --quiet docker.socket; then
  case $(systemctl is-active docker.service) in inactive | failed) exit 72 ;; esac
fi
t=$(mktemp -d) && mkfifo -- "$t/in" || exit 1
trap 'rm -rf -- "$t"' 0
trap 'exit 129' 1 2 15

# Sends its input and writes the answers. The input ends only when the daemon has closed the connection, because a daemon
# whose client closes its half drops the request under way.
talk() {
  docker system dial-stdio <"$t/in" & p=$!
  exec 3>"$t/in"
  cat >&3
  wait "$p"; s=$?
  exec 3>&-
  return "$s"
}

# get PATH, and get_last PATH for the last request of a connection.
get() { printf 'GET %s HTTP/1.1\r\nHost: docker\r\n\r\n' "$1"; }
get_last() { printf 'GET %s HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n' "$1"; }
