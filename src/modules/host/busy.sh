# print_busy PATH SOURCE: mounts below a path, and the processes that hold the path or that see the source mounted in another
# mount namespace (moby#24403), at most ten of each, to standard error. PATH may be empty. For the failing way out of a
# script only: it is slow. One ls and one awk for all processes: a fork for each would take minutes on a busy host.
#
# Needs process.sh.
# shellcheck disable=SC2012 # of the targets of links in /proc
print_busy() {
  busy_path=$1; busy_source=$2; export busy_path
  {
    if [ -n "$busy_path" ]; then
      awk 'BEGIN { p = ENVIRON["busy_path"] "/" } index($5, p) == 1 { print "mounted below it: " $5 }' /proc/self/mountinfo | head -n 10
      ls -l /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe /proc/[0-9]*/fd 2>/dev/null | awk '
        BEGIN { p = ENVIRON["busy_path"] }
        /^\/proc\/[0-9]+\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
        {
          at = index($0, " -> "); if (!at) next
          to = substr($0, at + 4); if (to != p && index(to, p "/") != 1) next
          before = substr($0, 1, at - 1); what = "open file"; who = pid
          if (match(before, /\/proc\/[0-9]+\/[a-z]+$/)) { split(substr(before, RSTART), part, "/"); who = part[3]; what = part[4] }
          if (!seen[who]++) print who, what, to
        }' | head -n 10 | while read -r pid what where; do
        echo "process $pid ($(busy_name "$pid")): $what is $where"
      done
    fi
    own=$(readlink /proc/self/ns/mnt)
    ls -l /proc/[0-9]*/ns/mnt 2>/dev/null | sed -n 's|.* /proc/\([0-9]*\)/ns/mnt -> \(.*\)|\1 \2|p' |
      awk -v own="$own" '$2 != own && !seen[$2]++ { print $1 }' | while read -r pid; do
      if grep -q -F -e " - zfs $busy_source " -e " - zfs $busy_source/" "/proc/$pid/mountinfo" 2>/dev/null ||
        { [ -n "$busy_path" ] && grep -q -F -e " $busy_path " -e " $busy_path/" "/proc/$pid/mountinfo" 2>/dev/null; }; then
        echo "process $pid ($(busy_name "$pid")): has it mounted in its own mount namespace"
      fi
    done | head -n 10
  } >&2
}
busy_name() {
  busy_comm=$(cat "/proc/$1/comm" 2>/dev/null)
  busy_unit=$(unit_of "$1")
  case $busy_unit in *.service) busy_comm="$busy_comm, $busy_unit: systemctl stop $busy_unit" ;; esac
  printf '%s' "$busy_comm"
}
