/**
 * Owns `zrun PLAYBOOK…`: from the words to hosts and plays, then either a look at them or the run. What a run is made of
 * is loaded only once everything that was given is known to be right.
 */
import { mask } from '../core/secret.js';
import { visible } from '../report/visible.js';
import { parseRunCommand } from './command-line.js';
import type { RunCommand } from './run-options.js';
import type { Environment } from './environment.js';
import { exitCodes } from '../core/exit-codes.js';
import type { Loaded } from './load.js';
import { formatList } from './list.js';
import { runLoaded } from './run-loaded.js';

/** Returns the exit code. Throws ZrunError or ZrunErrors for bad input, before any host is touched. */
export async function runPlaybooks(environment: Environment): Promise<number> {
  const { argv, stdout, stderr, version } = environment;
  if (argv.length === 0) {
    const { formatHelp } = await import('./command-line.js');
    stderr.write(formatHelp(version));
    return exitCodes.input;
  }
  const parsed = parseRunCommand(argv, version);
  if (parsed.type === 'text') {
    stdout.write(parsed.text);
    return exitCodes.ok;
  }
  if (parsed.type === 'resume') {
    const { prepareResume } = await import('./resume.js');
    const resumed = await prepareResume(parsed, environment);
    if (!resumed) return exitCodes.ok;
    const { command, loaded } = resumed;
    return isLook(command) ? look(command, loaded, environment) : runLoaded(resumed, environment);
  }
  const { findPlaybooks } = await import('./playbooks/find-playbook.js');
  const command = { ...parsed.command, playbooks: findPlaybooks(parsed.command.playbooks, environment) };
  const { load } = await import('./load.js');
  const loaded = await load(command, environment);
  if (isLook(command)) return look(command, loaded, environment);
  const { describeRequest } = await import('./request.js');
  const request = await describeRequest(command, loaded, environment);
  return runLoaded({ command, loaded, request }, environment);
}

function isLook(command: RunCommand): boolean {
  return command.syntaxCheck || command.list !== undefined;
}

async function look(command: RunCommand, loaded: Loaded, { stdout, stderr }: Environment): Promise<number> {
  for (const warning of loaded.warnings) stderr.write(`warning: ${visible(mask(warning))}\n`);
  if (command.list) {
    const { createTagFilter } = await import('../engine/tags.js');
    // As in Ansible, all tags are listed where none is asked for, `never` among them.
    const isAll = command.list === 'tags' && command.tags.length + command.skipTags.length === 0;
    const filter = createTagFilter(isAll ? ['all', 'never'] : command.tags, command.skipTags);
    stdout.write(
      mask(formatList(loaded.playbooks, { kind: command.list, selects: (tags) => filter.selects(tags) })),
    );
  } else for (const { playbook } of loaded.playbooks) stdout.write(`${playbook.path}: ok\n`);
  return exitCodes.ok;
}
