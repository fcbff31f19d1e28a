/**
 * Owns the answer to "who keeps this busy": processes with files, folders or mounts there. Read-only, by /proc alone,
 * because fuser and lsof are not on every host.
 */
import { sh, type ShellText } from '../../core/shell.js';

/**
 * Prints, to standard error, mounts below a path and the processes that hold a path or that see a source mounted in
 * another mount namespace (moby#24403). At most ten of each. For the failing way out of a script only: it is slow.
 * @param which `writing`: only processes that have a file open for writing
 */
export function printHolders(target: string, source: string, which: 'all' | 'writing' = 'all'): ShellText {
  if (which === 'writing') {
    return sh`{ ls -l /proc/[0-9]*/fd 2>/dev/null | P=${target} awk '
BEGIN { p = ENVIRON["P"] }
/^\\/proc\\/[0-9]+\\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
/^l.w/ { at = index($0, " -> "); to = substr($0, at + 4); if (at && index(to, p "/") == 1 && !seen[pid]++) print pid, to }' | head -n 10 | while read -r pid where; do
echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $where open for writing"
done; } >&2`;
  }
  // One ls and one awk for all processes: a fork for each would take minutes on a busy host.
  return sh`busy_path=${target}; busy_source=${source}; export busy_path
busy_name() {
busy_comm=$(cat "/proc/$1/comm" 2>/dev/null)
busy_unit=$(${unitOf(sh`"$1"`)})
case $busy_unit in *.service) busy_comm="$busy_comm, $busy_unit: systemctl stop $busy_unit" ;; esac
printf '%s' "$busy_comm"
}
{
if [ -n "$busy_path" ]; then
awk 'BEGIN { p = ENVIRON["busy_path"] "/" } index($5, p) == 1 { print "mounted below it: " $5 }' /proc/self/mountinfo | head -n 10
ls -l /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe /proc/[0-9]*/fd 2>/dev/null | awk '
BEGIN { p = ENVIRON["busy_path"] }
/^\\/proc\\/[0-9]+\\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
{ at = index($0, " -> "); if (!at) next
to = substr($0, at + 4); if (to != p && index(to, p "/") != 1) next
before = substr($0, 1, at - 1); what = "open file"; who = pid
if (match(before, /\\/proc\\/[0-9]+\\/[a-z]+$/)) { split(substr(before, RSTART), part, "/"); who = part[3]; what = part[4] }
if (!seen[who]++) print who, what, to }' | head -n 10 | while read -r pid what where; do
echo "process $pid ($(busy_name "$pid")): $what is $where"
done
fi
own=$(readlink /proc/self/ns/mnt)
ls -l /proc/[0-9]*/ns/mnt 2>/dev/null | sed -n 's|.* /proc/\\([0-9]*\\)/ns/mnt -> \\(.*\\)|\\1 \\2|p' |
awk -v own="$own" '$2 != own && !seen[$2]++ { print $1 }' | while read -r pid; do
if grep -q -F -e " - zfs $busy_source " -e " - zfs $busy_source/" "/proc/$pid/mountinfo" 2>/dev/null ||
{ [ -n "$busy_path" ] && grep -q -F -e " $busy_path " -e " $busy_path/" "/proc/$pid/mountinfo" 2>/dev/null; }; then
echo "process $pid ($(busy_name "$pid")): has it mounted in its own mount namespace"
fi
done | head -n 10
} >&2`;
}

/** A process that uses a folder: one of its files is open, or it works there. */
interface Holder {
  readonly pid: number;
  readonly program: string | null;
  /** The unit of systemd that it belongs to: a service, or the scope of a session. */
  readonly unit: string | null;
  /** One of the paths. */
  readonly path: string;
}

const mostHolders = 20;

/**
 * Prints processes that keep a data-root from being unmounted, but for Docker's own, by their control groups, and those of
 * its containers and plugins: a line each, which `parseHolders` reads.
 * @param root a shell word: the data-root, links resolved
 */
export function holdersScript(root: ShellText): ShellText {
  return sh`holders() {
{ ls -- "$1/containers" "$1/plugins"; echo /; printf '%s\\0' /proc/[0-9]*/cgroup | xargs -0 grep -H ''; echo /; printf '%s\\0' /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe /proc/[0-9]*/fd | xargs -0 ls -l /dev/null; } 2>/dev/null | REAL=$1 awk '
BEGIN { real = ENVIRON["REAL"] }
$0 == "/" { part_++; next }
!part_ { if (length($0) == 64) known[$0]; next }
part_ == 1 {
split($0, part, "/"); count = split($0, word, "[/.:-]")
for (i = 1; i <= count; i++) if (word[i] in known) docker[part[3]]
if ($0 ~ /\\/(docker|containerd)[.]service(\\/|$)/) docker[part[3]]
next
}
/^\\/proc\\/[0-9]+\\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
{
at = index($0, " -> "); to = substr($0, at + 4)
if (!at || (to != real && index(to, real "/") != 1)) next
who = pid; before = substr($0, 1, at - 1)
if (match(before, /\\/proc\\/[0-9]+\\/[a-z]+$/)) { split(substr(before, RSTART), part, "/"); who = part[3] }
if (who in docker || seen[who]++) next
if (++shown > ${mostHolders}) exit
gsub(/[[:cntrl:]]/, "?", to)
print who "\\t" to
}' | while IFS='	' read -r pid path; do
printf '%s\\t%s\\t%s\\t%s\\n' "$pid" "$(${programOf(sh`"$pid"`)})" "$(${unitOf(sh`"$pid"`)})" "$path"
done
}
holders ${root}`;
}

/** Lines as `holdersScript` prints them; others are passed over. */
export function parseHolders(rows: readonly string[]): readonly Holder[] {
  return rows.flatMap((row) => {
    const [pid = '', program = '', unit = '', path] = row.split('\t');
    if (path === undefined || !/^\d+$/.test(pid)) return [];
    return [
      { pid: Number(pid), program: program === '' ? null : program, unit: unit === '' ? null : unit, path },
    ];
  });
}

/** Prints a process's name, without what a terminal or a reader of lines would stumble over. */
export function programOf(pid: ShellText): ShellText {
  return sh`tr '\\001-\\037\\177' '?' </proc/${pid}/comm 2>/dev/null | sed 's/?$//'`;
}

/**
 * Prints the service or the scope that a process belongs to, unless we do: without logind, sessions belong to sshd's own
 * unit, which must not be stopped.
 */
export function unitOf(pid: ShellText): ShellText {
  const units = sh`sed -n -E 's#^(0:|1:name=systemd):.*/([^/]*[.](service|scope))(/.*)?$#\\2#p'`;
  return sh`own=$(${units} /proc/self/cgroup 2>/dev/null | head -n 1); unit=$(${units} /proc/${pid}/cgroup 2>/dev/null | head -n 1); [ "$unit" = "$own" ] || printf '%s\\n' "$unit"`;
}
