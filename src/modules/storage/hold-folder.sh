# hold_folder FOLDER SECONDS STATUS: keeps a folder of a larger file system from being written to, by a read-only mount of it at
# its own place. Such a mount lets through what was opened before, by another mount of the same file system. So whoever has a
# file open for writing, or mapped, or works there, is looked for once nobody can open any more. Waits SECONDS for them; then
# names them, unmounts, and returns STATUS.
hold_folder() {
  mount --bind -- "$1" "$1" || return
  mount -o remount,bind,ro -- "$1" || { h_failed=$?; umount -- "$1"; return "$h_failed"; }
  h_waited=0
  while h_found=$(users_of_folder "$1") || { h_failed=$?; umount -- "$1"; return "$h_failed"; }; [ -n "$h_found" ]; do
    [ "$h_waited" -lt "$2" ] || {
      printf '%s\n' "$h_found" | while read -r h_pid h_what h_where; do
        case $h_what in works) h_what='works in' ;; maps) h_what='has mapped for writing' ;; *) h_what='has open for writing' ;; esac
        echo "process $h_pid ($(cat "/proc/$h_pid/comm" 2>/dev/null)) $h_what: $h_where"
      done >&2
      umount -- "$1"
      return "$3"
    }
    h_waited=$((h_waited + 1)); sleep 1
  done
}

# users_of_folder FOLDER: a line each for at most ten processes: process id, `works`, `maps` or `writes`, and one of the paths.
# By xargs: one command cannot be given tens of thousands of paths.
users_of_folder() {
  {
    printf '%s\0' /proc/[0-9]*/fd /proc/[0-9]*/cwd /proc/[0-9]*/root | xargs -0 ls -l /dev/null
    printf '%s\0' /proc/[0-9]*/maps | xargs -0 grep -H ' rw-s '
  } 2>/dev/null | FOLDER=$1 awk '
    BEGIN { p = ENVIRON["FOLDER"] }
    /^\/proc\/[0-9]+\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
    /^\/proc\/[0-9]+\/maps:/ {
      split($0, part, "/"); at = index($0, " " p "/")
      if (at && !seen[part[3]]++ && ++told <= 10) print part[3], "maps", substr($0, at + 1)
      next
    }
    {
      at = index($0, " -> "); if (!at) next
      to = substr($0, at + 4); if (to != p && index(to, p "/") != 1) next
      before = substr($0, 1, at - 1); who = pid; what = "writes"
      if (match(before, /\/proc\/[0-9]+\/[a-z]+$/)) { split(substr(before, RSTART), part, "/"); who = part[3]; what = "works" }
      else if (before !~ /^l.w/) next
      if (!seen[who]++ && ++told <= 10) print who, what, to
    }'
}
