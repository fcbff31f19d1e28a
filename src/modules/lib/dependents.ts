/**
 * Owns which units of systemd depend on others: those that stop with them, those that start containers through Docker's
 * client, and the timers, paths and sockets that start any of these. Looks only. Sources: systemd.unit(5),
 * org.freedesktop.systemd1(5).
 */
import { sh, type ShellText } from '../../core/shell.js';

/**
 * Why a unit counts. `requires`: systemd stops it with what it depends on (Requires, Requisite, BindsTo, PartOf,
 * StopPropagatedFrom, at any distance). `calls`: what it runs, or the script that it runs, calls Docker's client.
 * `triggers`: it starts one of these. `after`: it is only ordered after it, or wants it.
 */
export type DependsHow = 'requires' | 'calls' | 'triggers' | 'after';

export interface Dependent {
  readonly unit: string;
  readonly how: DependsHow;
  /** `active`, `activating`, `inactive`, `failed`, … */
  readonly active: string;
  /** `running`, `exited`, `auto-restart`, … */
  readonly sub: string;
  /**
   * It has done its work and nothing of it runs (RemainAfterExit), and nothing stops it with Docker: stopping it would only
   * run its ExecStop, as `docker compose down`.
   */
  readonly stays: boolean;
}

/** A unit that is running, or about to. */
export function isActive({ active }: Pick<Dependent, 'active'>): boolean {
  return ['active', 'activating', 'reloading', 'refreshing'].includes(active);
}

/** Whether it is stopped and held together with what it depends on. */
export function isToBeHeld({ how, stays }: Dependent): boolean {
  return how !== 'after' && !stays;
}

/**
 * Docker's client where a program stands (`/usr/bin/docker`, `docker-compose`), or with a command that changes
 * something. `journalctl -u docker`, `rsync /var/lib/docker` and dockerd itself are none. One extended regular expression
 * for grep and awk.
 */
const client =
  '(bin/docker|/docker-compose)([^A-Za-z0-9_./-]|$)|(^|[^A-Za-z0-9_./-])docker(-compose)?[ ]+(-[^;|&]*[ ])?(run|start|restart|create|compose|container|stack|service|exec|build|buildx|pull|load|import|up|down|rm|rmi|stop|kill|system|volume|network|image|swarm)([^A-Za-z0-9_-]|$)';

const properties =
  'Id,Transient,ActiveState,SubState,Type,RemainAfterExit,MainPID,Requires,Requisite,BindsTo,PartOf,StopPropagatedFrom,Wants,After,Triggers,ExecStart,ExecStartPre,ExecStartPost,ExecCondition,ExecStop,ExecStopPost';

/**
 * Prints the dependents of units, a line each, which `parseDependents` reads. Reads what systemd has loaded once; mounts
 * below a mount point among the roots are never told, since Docker makes them and takes them away. For hosts that run systemd.
 * @param roots shell words: the units that the others depend on
 * @param isDocker whether services that call Docker's client count, too
 */
export function dependentsScript(roots: ShellText, isDocker: boolean): ShellText {
  return sh`dependents() {
roots="$*"
own=$(sed -n 's#.*/\\([^/]*[.]service\\)\\(/.*\\)\\{0,1\\}$#\\1#p' /proc/self/cgroup 2>/dev/null | head -n 1)
mounts=$(systemctl show --no-pager --value -p RequiredBy,RequisiteOf,BoundBy,ConsistsOf "$@" | tr ' ' '\\n' | grep -e '[.]mount$' -e '[.]automount$' | sort -u)
known=$(systemctl show --no-pager --all -p ${properties} '*.service' '*.timer' '*.path' '*.socket' '*.target' $mounts)
client=${isDocker ? client : ''}
scripts=
if [ -n "$client" ]; then
scripts=$(printf '%s\\n' "$known" | sed -n 's/^Exec[A-Za-z]*={ path=[^ ]* ; argv\\[\\]=\\(.*\\) ; ignore_errors=.*/\\1/p' | tr ' ' '\\n' | grep '^/' | sort -u | tr '\\n' '\\0' | xargs -0 -r sh -c 'find -L "$@" -maxdepth 0 -type f -size -2048 -print0' sh 2>/dev/null | xargs -0 -r grep -lsIE -e "$client" -- | tr '\\n' ' ')
fi
printf '%s\\n' "$known" | ROOTS="$roots" OWN="$own" CLIENT="$client" SCRIPTS="$scripts" awk '
function fold() {
if (id == "" || id in kept) { reset(); return }
kept[id] = 1; n++; name[n] = id; a[n] = active; s[n] = sub_; need[n] = needs; order[n] = after; starts[n] = triggers
# One that is not kept in a file is gone once it is stopped.
calls[n] = called && transient != "yes"; uses[n] = called && transient == "yes"
stays[n] = remains == "yes" && active == "active" && (sub_ == "exited" || type == "oneshot") && (pid == "" || pid == "0")
reset()
}
function reset() { transient = ""; id = active = sub_ = type = remains = pid = needs = after = triggers = ""; called = 0 }
function hits(list, set,   word, i, count) {
count = split(list, word, " ")
for (i = 1; i <= count; i++) if (word[i] in set) return 1
return 0
}
function held(i) { how[i] = why; if (why != "calls" || !stays[i]) { set[name[i]]; changed = 1 } }
BEGIN {
count = split(ENVIRON["ROOTS"], word, " "); for (i = 1; i <= count; i++) {
root[word[i]]; set[word[i]]
if (word[i] ~ /[.]mount$/) below = substr(word[i], 1, length(word[i]) - 6) "-"
}
count = split(ENVIRON["SCRIPTS"], word, " "); for (i = 1; i <= count; i++) script[word[i]]
client = ENVIRON["CLIENT"]; own = ENVIRON["OWN"]
}
/^$/ { if (id != "") fold(); next }
{
at = index($0, "="); key = at ? substr($0, 1, at - 1) : ""; value = substr($0, at + 1)
# The second line of a script that was given as it is.
if (key !~ /^[A-Za-z]+$/) { key = ""; value = $0 }
if (key == "Id") id = value
else if (key == "Transient") transient = value
else if (key == "ActiveState") active = value
else if (key == "SubState") sub_ = value
else if (key == "Type") type = value
else if (key == "RemainAfterExit") remains = value
else if (key == "MainPID") pid = value
else if (key == "Requires" || key == "Requisite" || key == "BindsTo" || key == "PartOf" || key == "StopPropagatedFrom") needs = needs " " value
else if (key == "Wants" || key == "After") after = after " " value
else if (key == "Triggers") triggers = value
else if (client != "") {
if (value ~ client) called = 1
else { sub(/argv\\[\\]=/, "argv[]= ", value); if (hits(value, script)) called = 1 }
}
}
END {
fold()
# What is mounted below requires it by itself: layers, and what containers see of them. Docker takes these away.
if (below != "") for (i = 1; i <= n; i++) if (name[i] ~ /[.](auto)?mount$/ && index(name[i], below) == 1) skip[i] = 1
for (i = 1; i <= n; i++) if (name[i] in root || name[i] == own || name[i] ~ /^(sshd?|dropbear)(@.*)?[.](service|socket)$/ || name[i] ~ /^(containerd|rc-local)[.]service$/ || name[i] ~ /^(shutdown|umount|final|reboot|poweroff|halt|sysinit|basic|local-fs|remote-fs|network|network-online|multi-user|graphical|default)[.]target$/) skip[i] = 1
# What Docker itself needs must run before it does.
for (i = 1; i <= n; i++) at_[name[i]] = i
do {
changed = 0
for (r in root) needed[r]
for (r in needed) if (r in at_) {
count = split(need[at_[r]], word, " ")
for (i = 1; i <= count; i++) if (!(word[i] in needed)) { needed[word[i]]; changed = 1 }
}
} while (changed)
for (i = 1; i <= n; i++) if (name[i] in needed) skip[i] = 1
do {
changed = 0
for (i = 1; i <= n; i++) {
if (i in skip || i in how) continue
if (hits(need[i], set)) { why = "requires"; held(i) }
else if (calls[i]) { why = "calls"; held(i) }
else if (hits(starts[i], set)) { why = "triggers"; held(i) }
}
} while (changed)
for (i = 1; i <= n; i++) {
if (i in skip) continue
if (!(i in how) && name[i] ~ /[.]service$/ && (uses[i] || hits(order[i], root) || (client != "" && name[i] ~ /^(kubelet|cri-dockerd?|gitlab-runner|nomad|buildkite-agent|ecs|drone-runner.*|woodpecker-.*|actions[.]runner[.].*)[.]service$/))) how[i] = "after"
if (i in how) print name[i] "\\t" how[i] "\\t" a[i] "\\t" s[i] "\\t" (how[i] == "calls" && stays[i] ? "stays" : "")
}
}'
}
dependents ${roots}`;
}

/** Lines as `dependentsScript` prints them; others are passed over. */
export function parseDependents(rows: readonly string[]): readonly Dependent[] {
  return rows
    .flatMap((row) => {
      const [unit = '', how = '', active = '', sub = '', stays = ''] = row.split('\t');
      return isHow(how) ? [{ unit, how, active, sub, stays: stays === 'stays' }] : [];
    })
    .toSorted((a, b) => (a.unit < b.unit ? -1 : 1));
}

function isHow(word: string): word is DependsHow {
  return ['requires', 'calls', 'triggers', 'after'].includes(word);
}
