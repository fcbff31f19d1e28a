# Says on one line how a job stands. In front of it: id. After `finished`: its exit code, and the bytes of stdout and of
# stderr that came after the head.
# shellcheck disable=SC2154 # it comes in front of it
d=/var/lib/zrun/jobs/$id
number() { n=$(cat "$1" 2>/dev/null) && printf '%s' "${n:-0}" || printf 0; }
tell() { echo "finished $(number "$d/rc") $(number "$d/stdout.rest") $(number "$d/stderr.rest")"; }
[ -d "$d" ] || { echo absent; exit 0; }
[ -e "$d/rc" ] && { tell; exit 0; }
state=$(systemctl show --property=ActiveState --value "zrun-job-$id") || exit 1
result=$(systemctl show --property=Result --value "zrun-job-$id") || exit 1
# It may have ended between the two looks.
[ -e "$d/rc" ] && { tell; exit 0; }
case $state in
  active | activating | deactivating | reloading) echo running ;;
  *) echo "ended $result" ;;
esac
