# How images get into a data-root that is not in use yet, by a second dockerd. Needs staged.sh; staging.ts says what it is,
# and knows the statuses: the daemon did not come up (75), a batch or a step failed (76), something was left behind (77).

# staged.sh gives $d, $r, $unit and $spool.
# shellcheck disable=SC2154

fail() { echo "this failed: $*" >&2; exit 76; }

# Asks the second dockerd.
new() { docker -H "unix://$r/docker.sock" "$@"; }

# make_folders DRIVER
make_folders() {
  mkdir -- "$r" && mkdir -- "$r/root" "$r/exec" && mkdir -p -- "$d/image" "$d/$1" "$spool" && chmod 0710 "$d/$1" || exit
}

# start_daemon DRIVER NETWORK SCRIPT: NETWORK is `host` or `own`; SCRIPT is staged-daemon.sh. What the daemon gets of the
# environment besides the running one's is on standard input, and behind an empty line its daemon.json. Needs
# daemon_environment.
start_daemon() {
  driver=$1 network=$2 script=$3
  daemon_environment >"$r/environment"
  while IFS= read -r v && [ -n "$v" ]; do printf '%s\n' "$v"; done >>"$r/environment"
  cat >"$r/daemon.json" || exit
  # Of systemd-run, and of unshare: the host's network with nothing to be done to it, or one of its own.
  if [ "$network" = host ]; then
    set -- -p 'CapabilityBoundingSet=~CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_MODULE'; net=
  else
    set --; net=--net
  fi
  # shellcheck disable=SC2086 # $net is a word or none
  systemd-run --quiet --collect --unit="$unit" --description='Docker of zrun, on a data-root to come' \
    -p KillMode=mixed -p TimeoutStopSec=180 -p TasksMax=infinity -p LimitNOFILE=infinity \
    --setenv=PATH="$PATH" --setenv=DOCKER_TMPDIR="$spool" --setenv=HOME=/root "$@" \
    unshare --mount $net sh -c "$script" sh "$r" "$d" "$driver" "$network" || exit 75
  waited=0
  until new version >"$r/said" 2>&1; do
    if ! systemctl is-active --quiet "$unit" || [ "$waited" -ge 600 ]; then
      cat "$r/said" >&2
      journalctl --no-pager -q -n 25 -o cat -u "$unit" >&2
      exit 75
    fi
    sleep 1; waited=$((waited + 1))
  done
}

# carry WHAT IMAGE…: pipes images from the one into the other.
carry() {
  echo "$1"; what=$1; shift
  rm -f -- "$r/failed"
  { docker save "$@" || echo "$?" >"$r/failed"; } | new load -q >"$r/said" 2>&1 || { cat "$r/said" >&2; fail "load $what"; }
  [ ! -e "$r/failed" ] || fail "save $what"
}

# pull WHAT ID REFERENCE SECONDS: from its registry, or, where that does not give it, from the other dockerd.
pull() {
  what=$1; id=$2; ref=$3; echo "pull $what"
  HOME=~root timeout -k 30 "$4" docker -H "unix://$r/docker.sock" pull "$ref" >/dev/null 2>"$r/said"; s=$?
  if [ "$s" -eq 0 ]; then
    got=$(new image inspect -f '{{.Id}}' "$ref" 2>"$r/said")
    [ "$got" != "$id" ] || return 0
    echo "what the registry has under this digest is $got here" >"$r/said"
    new rmi "$ref" >/dev/null 2>&1
  fi
  [ "$s" -ne 124 ] || echo "it had not come after $4 seconds" >"$r/said"
  echo "not-pulled $id $(tr '\n\r' '  ' <"$r/said" | tail -c 500)"
  carry "$what" "$id"
}

# Tells what is there, and ends the daemon.
finish() {
  new image ls -aq --no-trunc >"$r/ids" || fail 'list the images'
  sort -u "$r/ids" | sed 's/^/image /'
  end_daemon
  if systemctl is-active --quiet "$unit" || grep -q -s -F -e " $r/" /proc/[0-9]*/mountinfo; then
    echo "something of the second daemon is still there: systemctl status $unit" >&2
    exit 77
  fi
  trap - 0
}
