/**
 * Owns the answer to "who keeps this busy": processes with files, folders or mounts there. Read-only, by /proc alone,
 * because fuser and lsof are not on every host.
 */
import { sh, type ShellText } from '../../core/shell.js';

/**
 * Prints, to standard error, mounts below a path and the processes that hold a path or that see a source mounted in
 * another mount namespace (moby#24403). At most ten of each. For the failing way out of a script only: it is slow.
 */
export function printHolders(target: string, source: string): ShellText {
  return sh`busy_path=${target}; busy_source=${source}
{
[ -z "$busy_path" ] || while read -r _ _ _ _ on _; do
case $on in "$busy_path"/*) echo "mounted below it: $on" ;; esac
done </proc/self/mountinfo | head -n 10
[ -z "$busy_path" ] || ls -l /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe 2>/dev/null | grep -F -- "-> $busy_path" |
sed -n 's|.* /proc/\\([0-9]*\\)/\\([a-z]*\\) -> \\(.*\\)|\\1 \\2 \\3|p' | while read -r pid what where; do
case $where in "$busy_path" | "$busy_path"/*) echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)): $what is $where" ;; esac
done | head -n 10
[ -z "$busy_path" ] || for fds in /proc/[0-9]*/fd; do
pid=\${fds#/proc/}; pid=\${pid%/fd}
[ "$pid" = "$$" ] || ls -l "$fds" 2>/dev/null | sed -n 's|.* -> \\(/.*\\)|\\1|p' | while read -r where; do
case $where in "$busy_path" | "$busy_path"/*) echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)): has $where open"; break ;; esac
done
done | head -n 10
own=$(readlink /proc/self/ns/mnt); seen=" $own "
for table in /proc/[0-9]*/mountinfo; do
pid=\${table#/proc/}; pid=\${pid%/mountinfo}
space=$(readlink "/proc/$pid/ns/mnt" 2>/dev/null) || continue
case $seen in *" $space "*) continue ;; esac
seen="$seen$space "
if grep -q -F -e " - zfs $busy_source " -e " - zfs $busy_source/" "$table" 2>/dev/null ||
{ [ -n "$busy_path" ] && grep -q -F -e " $busy_path " -e " $busy_path/" "$table" 2>/dev/null; }; then
echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)): has it mounted in its own mount namespace"
fi
done | head -n 10
} >&2`;
}
