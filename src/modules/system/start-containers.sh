# start_containers LIST SINCE: once units run again, they have some seconds to start their containers, or to recreate them.
# Those that are still as they were stopped are started, and those that live in the namespace of one that has started after
# them are started afresh. Appends to $bad what does not run, three words each. SINCE is when units began to be started, as
# Docker writes times. The list is described in held-containers.ts.

# Names of containers have no blanks.
# shellcheck disable=SC2046,SC2086

start_containers() {
  f=$1 since=$2
  if [ -s "$f" ] && systemctl is-active --quiet docker.service; then
    i=0; while down=$(left) && [ -n "$down" ] && [ $i -lt 10 ]; do i=$((i + 1)); sleep 1; done
    # shellcheck disable=SC2034 # it counts
    for try in 1 2 3; do
      [ -n "$down" ] || break
      timeout 300 docker start $down >/dev/null
      down=$(left)
    done
    for n in $down; do
      is=$(about "$n" | cut -d ' ' -f 4)
      bad="$bad container:$n running $is"; printf 'differs container:%s running %s\n' "$n" "$is"
    done
    for n in $(names ' joined stopped ran '); do
      line=$(about "$n"); case $line in "/$n true "*' container:'*) ;; *) continue ;; esac
      # `late`: the one that it lives in has started after it. `orphaned`: that one does not run.
      cut=
      for word in $line; do
        case $word in container:*) ;; *) continue ;; esac
        peer=$(about "${word#container:}")
        case $peer in
          *' true '*) [ "$(printf '%s\n%s\n' "$(echo "$peer" | cut -d ' ' -f 3)" "$(echo "$line" | cut -d ' ' -f 3)" | sort | tail -n 1)" = "$(echo "$line" | cut -d ' ' -f 3)" ] || cut=late ;;
          *) cut=orphaned; break ;;
        esac
      done
      [ "$cut" != late ] || timeout 300 docker restart "$n" >/dev/null || cut=orphaned
      [ "$cut" != orphaned ] || { bad="$bad container:$n running orphaned"; printf 'differs container:%s running orphaned\n' "$n"; }
    done
  fi
}

# names KINDS: of those of some kinds.
names() { awk -v kinds="$1" 'index(kinds, " " $1 " ") { print $3 }' "$f"; }

# about CONTAINER…: name, whether it runs, since when, its state, and the modes that may name another container.
about() { [ $# -eq 0 ] || timeout 120 docker inspect --type container --format '{{.Name}} {{.State.Running}} {{.State.StartedAt}} {{.State.Status}} {{.HostConfig.NetworkMode}} {{.HostConfig.IpcMode}} {{.HostConfig.PidMode}}' "$@" 2>/dev/null; }

# Those that are still as they were stopped.
left() { about $(names ' stopped ran ') | awk -v since="$since" '$2 != "true" && $3 < since { print substr($1, 2) }'; }
