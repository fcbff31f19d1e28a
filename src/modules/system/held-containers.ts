/**
 * Owns which containers ran before units were stopped, and what becomes of them: a unit's ExecStop may stop or remove
 * containers, and others may live in the namespaces of these. The list is a file on the host, a line a container: how it
 * came out, id, name, and the modes that may name another container. Docker is never asked where asking could start it.
 */
import { sh, type ShellText } from '../../core/shell.js';

/** The list that belongs to a record of units. */
export function containersOf(record: string): string {
  return `${record}.containers`;
}

/** What a list says. */
interface ListedContainers {
  /** Ids of all that ran. */
  readonly ran: readonly string[];
  /** Those that the units have stopped, and may start or make anew by themselves. */
  readonly stopped: readonly { readonly id: string; readonly name: string }[];
}

export function readListedContainers(text: string): ListedContainers {
  const rows = text.split('\n').map((row) => row.split(' '));
  return {
    ran: rows.flatMap(([how, id]) => (id !== undefined && how !== 'passing' ? [id] : [])),
    stopped: rows.flatMap(([how, id, name]) =>
      how === 'stopped' && id !== undefined && name !== undefined ? [{ id, name }] : [],
    ),
  };
}

/**
 * Before any unit is stopped. What an interrupted run has listed stays: it has seen the containers as they were.
 * `passing`: goes with its stop (--rm), or is a swarm's.
 */
export function listContainers(record: string): ShellText {
  return sh`f=${containersOf(record)}; [ -e ${record} ] || rm -f -- "$f"
if command -v docker >/dev/null && systemctl is-active --quiet docker.service; then
ids=$(timeout 120 docker ps -q --no-trunc) || { echo 'Docker does not say which containers run' >&2; exit 1; }
[ -z "$ids" ] || (umask 077; { [ ! -e "$f" ] || cat -- "$f"
docker inspect --type container --format '{{if or .HostConfig.AutoRemove (index .Config.Labels "com.docker.swarm.task.id")}}passing{{else}}ran{{end}} {{.Id}} {{.Name}} {{.HostConfig.NetworkMode}} {{.HostConfig.IpcMode}} {{.HostConfig.PidMode}}' $ids 2>/dev/null
} | awk 'NF && !seen[$2]++ { sub("^/", "", $3); print }' >"$f.new" && sync -- "$f.new" && mv -f -- "$f.new" "$f") || exit
fi`;
}

/** Once units are stopped: what is left in the list are containers that stopped with them, and those that lived in theirs. */
export function sortContainers(record: string): ShellText {
  return sh`f=${containersOf(record)}
if [ -s "$f" ] && systemctl is-active --quiet docker.service && ids=$(timeout 120 docker ps -q --no-trunc); then
(umask 077; IDS="$ids" awk 'BEGIN { n = split(ENVIRON["IDS"], word, "[ \\n]+"); for (i = 1; i <= n; i++) up[word[i]] }
{ line[NR] = $0; id[NR] = $2; kind[NR] = $1; if (!($2 in up)) down[$2] }
END {
do {
more = 0
for (i = 1; i <= NR; i++) {
if (id[i] in down) continue
n = split(line[i], word, " ")
for (j = 4; j <= n; j++) if (index(word[j], "container:") == 1 && substr(word[j], 11) in down) { down[id[i]]; joined[i]; more = 1 }
}
} while (more)
for (i = 1; i <= NR; i++) if (id[i] in down) { sub(/^[^ ]*/, i in joined ? "joined" : kind[i] == "passing" ? "passing" : "stopped", line[i]); print line[i] }
}' "$f" >"$f.new" && mv -f -- "$f.new" "$f") || exit
fi`;
}

/** Shell text for `since`, before units are started again. */
export const markTime: ShellText = sh`since=$(date -u +%Y-%m-%dT%H:%M:%S)`;

/**
 * Once units run again: they have some seconds to start their containers, or to recreate them. Those that are still as
 * they were stopped are started, and those that live in the namespace of one that has started after them are started
 * afresh. Appends to `$bad` what does not run, three words each.
 */
export function startContainers(record: string): ShellText {
  return sh`f=${containersOf(record)}
if [ -s "$f" ] && systemctl is-active --quiet docker.service; then
names() { awk -v kinds="$1" 'index(kinds, " " $1 " ") { print $3 }' "$f"; }
about() { [ $# -eq 0 ] || timeout 120 docker inspect --type container --format '{{.Name}} {{.State.Running}} {{.State.StartedAt}} {{.State.Status}} {{.HostConfig.NetworkMode}} {{.HostConfig.IpcMode}} {{.HostConfig.PidMode}}' "$@" 2>/dev/null; }
left() { about $(names ' stopped ran ') | awk -v since="$since" '$2 != "true" && $3 < since { print substr($1, 2) }'; }
i=0; while down=$(left) && [ -n "$down" ] && [ $i -lt 10 ]; do i=$((i + 1)); sleep 1; done
for try in 1 2 3; do
[ -n "$down" ] || break
timeout 300 docker start $down >/dev/null
down=$(left)
done
for n in $down; do is=$(about "$n" | cut -d ' ' -f 4); bad="$bad container:$n running $is"; printf 'differs container:%s running %s\\n' "$n" "$is"; done
for n in $(names ' joined stopped ran '); do
line=$(about "$n"); case $line in "/$n true "*' container:'*) ;; *) continue ;; esac
cut=
for word in $line; do
case $word in container:*) ;; *) continue ;; esac
peer=$(about "\${word#container:}")
case $peer in
*' true '*) [ "$(printf '%s\\n%s\\n' "$(echo "$peer" | cut -d ' ' -f 3)" "$(echo "$line" | cut -d ' ' -f 3)" | sort | tail -n 1)" = "$(echo "$line" | cut -d ' ' -f 3)" ] || cut=late ;;
*) cut=orphaned; break ;;
esac
done
[ "$cut" != late ] || timeout 300 docker restart "$n" >/dev/null || cut=orphaned
[ "$cut" != orphaned ] || { bad="$bad container:$n running orphaned"; printf 'differs container:%s running orphaned\\n' "$n"; }
done
fi`;
}
