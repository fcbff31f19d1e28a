# Starts a job, or does nothing where it has begun: to run this again, after a connection that broke, is safe.
# In front of it: id, limit (seconds), most (bytes that are kept of the head, and of the tail, of each output), command
# (sh), runner (run-job.sh). Standard input is the command's.
# shellcheck disable=SC2154 # they come in front of it
umask 077
jobs=/var/lib/zrun/jobs
mkdir -p "$jobs" || exit 1
# What ended a week ago, nobody has asked for.
find "$jobs" -mindepth 2 -maxdepth 2 -name rc -mtime +7 | while read -r old; do rm -rf "${old%/rc}"; done
d=$jobs/$id
mkdir -p "$d" && cat >"$d/stdin.$$" || exit 1
[ -e "$d/begun" ] && { rm -f "$d/stdin.$$"; exit 0; }
export -p >"$d/env.$$"
printf '%s\n' "$command" >"$d/command.$$"
printf '%s\n' "$runner" >"$d/runner.$$"
for each in stdin env command runner; do mv "$d/$each.$$" "$d/$each" || exit 1; done
said=$(systemd-run --quiet --no-ask-password --unit="zrun-job-$id" --description="zrun: job $id" \
  --property=RuntimeMaxSec="$limit" --property=TimeoutStopSec=10 \
  /bin/sh "$d/runner" "$d" "$most" 2>&1) && exit 0
# Started a moment ago, by the same script over a connection that broke.
case $(systemctl show --property=ActiveState --value "zrun-job-$id") in active | activating | deactivating) exit 0 ;; esac
[ -e "$d/begun" ] && exit 0
printf '%s\n' "$said" >&2
rm -rf "$d"
exit 1
