/**
 * Owns --list-hosts, --list-tasks and --list-tags: what a run would take, in Ansible's layout. Touches no host.
 */
import type { Host } from '../core/host.js';
import { tasksOf, type Play, type Playbook } from '../core/plan.js';
import { visibleLine } from '../report/visible.js';

export interface ListedPlaybook {
  readonly playbook: Playbook;
  hostsOf(play: Play): readonly Host[];
}

export interface ListOptions {
  readonly kind: 'hosts' | 'tasks' | 'tags';
  /** True for the tasks that --tags and --skip-tags leave. */
  selects(tags: readonly string[]): boolean;
}

export function formatList(playbooks: readonly ListedPlaybook[], options: ListOptions): string {
  return playbooks
    .map((listed) => {
      const plays = listed.playbook.plays.map((play, i) => formatPlay(listed, play, i + 1, options));
      return `\nplaybook: ${listed.playbook.path}\n\n${plays.join('\n\n')}\n`;
    })
    .join('');
}

function formatPlay(listed: ListedPlaybook, play: Play, number: number, options: ListOptions): string {
  const lines = [
    `  play #${number} (${play.hosts}): ${visibleLine(play.name)}\tTAGS: ${formatTags(play.tags)}`,
  ];
  const tasks = [...tasksOf(play.tasks)].filter((task) => options.selects(task.tags));
  switch (options.kind) {
    case 'hosts': {
      const hosts = listed.hostsOf(play);
      lines.push(`    pattern: ['${play.hosts}']`, `    hosts (${hosts.length}):`);
      lines.push(...hosts.map((host) => `      ${visibleLine(host.name)}`));
      break;
    }
    case 'tasks':
      lines.push('    tasks:');
      lines.push(...tasks.map((task) => `      ${visibleLine(task.name)}\tTAGS: ${formatTags(task.tags)}`));
      break;
    case 'tags':
      lines.push(`      TASK TAGS: ${formatTags(tasks.flatMap((task) => task.tags))}`);
      break;
  }
  return lines.join('\n');
}

function formatTags(tags: readonly string[]): string {
  return `[${[...new Set(tags)].sort().join(', ')}]`;
}
