# Reports the progress of a long command, as lines on descriptor 3.

# bytes_read PID…: how many they have read, files and pipes alike, in $w_bytes. Fails where the kernel does not count it.
# Source: proc(5), /proc/PID/io.
bytes_read() {
  w_bytes=0
  for w_each; do
    while read -r w_key w_value; do
      if [ "$w_key" = rchar: ]; then w_bytes=$((w_bytes + w_value)); fi
    done <"/proc/$w_each/io" || return
  done
}

# tell_bytes HOW VERB PID: each second, `VERB BYTES`. HOW is `alone`, or `both` where its child's count too.
# shellcheck disable=SC2086 # $w_child is a number or nothing
tell_bytes() {
  while sleep 1 >/dev/null 3>&-; do
    w_child=
    if [ "$1" = both ]; then read -r w_child <"/proc/$3/task/$3/children"; fi
    bytes_read "$3" ${w_child%% *} || return
    echo "$2 $w_bytes" >&3
  done
}

# watched HOW VERB COMMAND…: runs it, and tells meanwhile. Its standard input is empty.
watched() {
  w_how=$1 w_verb=$2; shift 2
  "$@" 3>&- &
  w_pid=$!
  tell_bytes "$w_how" "$w_verb" "$w_pid" >/dev/null 2>&1 &
  w_teller=$!
  wait "$w_pid"; w_status=$?
  kill "$w_teller" 2>/dev/null; wait "$w_teller" 2>/dev/null
  return "$w_status"
}
