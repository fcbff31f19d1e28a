# Ends everything that a shell has started. It runs in another shell of the same user.
#
# $1: the shell's process id. $2: how long the descendants have to end by themselves, in tenths of a second.
#
# Freezes all descendants of the shell, so that nothing forks away while it counts and the shell, which waits for one of
# them, does not go on with its next command; sends KILL to the shell, TERM to the descendants, and KILL to what is left of
# them after the grace. The shell itself is never stopped: sudo would stop with it, and stay. Children that have left the
# tree (daemons, `nohup … &` of earlier scripts) are left alone. Prints the process ids that are still alive at the end,
# which should be none.

# Process ids have no blanks.
# shellcheck disable=SC2086

root=$1 polls=$2

# Process id, parent and state, a line each.
list() {
  if [ -r /proc/self/stat ]; then
    cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\([0-9]*\) (.*) \([A-Za-z]\) \([0-9]*\) .*/\1 \3 \2/p'
  else
    ps -A -o pid= -o ppid= -o stat=
  fi
}

# tree PID…: the descendants of processes that are alive, in $living.
tree() {
  found=" $1 " living=' ' grew=1 all=$(list)
  while [ $grew = 1 ]; do
    grew=0
    while read -r pid parent state; do
      case $found in *" $pid "*) continue ;; esac
      case $found in
      *" $parent "*)
        found="$found$pid " grew=1
        case $state in Z*) ;; *) living="$living$pid " ;; esac ;;
      esac
    done <<END
$all
END
  done
}

# left PIDS: those of them that are alive, in $still.
left() {
  still=' ' all=$(list)
  while read -r pid parent state; do
    case $1 in *" $pid "*) case $state in Z*) ;; *) still="$still$pid " ;; esac ;; esac
  done <<END
$all
END
}
pause() { sleep 0.1 2>/dev/null || sleep 1; }

before= rounds=0
while tree $root; [ "$living" != "$before" ] && [ $rounds -lt 20 ]; do
  before=$living rounds=$((rounds + 1))
  [ "$living" = ' ' ] || kill -STOP $living 2>/dev/null
done
kill -KILL $root 2>/dev/null
victims=$living
if [ "$victims" != ' ' ]; then
  kill -TERM $victims 2>/dev/null
  kill -CONT $victims 2>/dev/null
  while left "$victims"; [ "$still" != ' ' ] && [ $polls -gt 0 ]; do pause; polls=$((polls - 1)); done
  tree "$victims"
  victims="$still$living"
  [ -z "${victims##* [0-9]*}" ] && kill -KILL $victims 2>/dev/null
fi
polls=20
while left "$victims $root "; [ "$still" != ' ' ] && [ $polls -gt 0 ]; do pause; polls=$((polls - 1)); done
echo $still
