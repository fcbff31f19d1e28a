/**
 * Owns --list-hosts, --list-tasks and --list-tags: what a run would take, in Ansible's layout. Touches no host.
 */
import type { Host } from '../core/host.js';
import type { Play, Playbook, Step } from '../core/plan.js';
import { visibleLine } from '../report/visible.js';

interface ListedPlaybook {
  readonly playbook: Playbook;
  hostsOf(play: Play): readonly Host[];
}

interface ListOptions {
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
  const tasks = [...listedSteps(play.tasks, options)];
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
      lines.push(`      TASK TAGS: ${formatTags([...tagsIn(play.tasks, options)])}`);
      break;
  }
  return lines.join('\n');
}

/** As in Ansible, those of includes and of `meta` among them. */
function* tagsIn(steps: readonly Step[], options: ListOptions): Generator<string> {
  for (const step of steps) {
    if (step.type === 'block') {
      yield* tagsIn([...step.tasks, ...step.rescue, ...step.always], options);
      continue;
    }
    const isImplicit = step.type === 'meta' && step.endsSection === true;
    if (isImplicit || !options.selects(step.tags)) continue;
    yield* step.tags;
    if (step.type === 'include' && step.steps) yield* tagsIn(step.steps, options);
  }
}

/**
 * Tasks as they would run: those of an include only where the include itself would. One whose file only a host can name
 * stands for what is in it.
 */
function* listedSteps(
  steps: readonly Step[],
  options: ListOptions,
): Generator<{ readonly name: string; readonly tags: readonly string[] }> {
  for (const step of steps) {
    if (step.type === 'block') yield* listedSteps([...step.tasks, ...step.rescue, ...step.always], options);
    else if (step.type === 'meta' || !options.selects(step.tags)) continue;
    else if (step.type === 'include' && step.steps) yield* listedSteps(step.steps, options);
    else yield step;
  }
}

function formatTags(tags: readonly string[]): string {
  return `[${[...new Set(tags)].sort().join(', ')}]`;
}
