/**
 * Owns which containers ran before units were stopped, and what becomes of them: a unit's ExecStop may stop or remove
 * containers, and others may live in the namespaces of these. The list is a file on the host, a line a container: how it
 * came out, id, name, and the modes that may name another container. Docker is never asked where asking could start it.
 */
import { shellFile } from '../../core/shell-files.js';
import { lines, sh, type ShellText } from '../../core/shell.js';

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
  return lines(shellFile('modules/system/sort-containers.sh'), sh`sort_containers ${containersOf(record)}`);
}

/** Shell text for `since`, before units are started again. */
export const markTime: ShellText = sh`since=$(date -u +%Y-%m-%dT%H:%M:%S)`;

/**
 * Once units run again: they have some seconds to start their containers, or to recreate them. Those that are still as
 * they were stopped are started, and those that live in the namespace of one that has started after them are started
 * afresh. Appends to `$bad` what does not run, three words each.
 */
export function startContainers(record: string): ShellText {
  return lines(
    shellFile('modules/system/start-containers.sh'),
    sh`start_containers ${containersOf(record)} "$since"`,
  );
}
