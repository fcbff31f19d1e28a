/**
 * Owns what is refused of a run that takes only a part of the tasks: of plays that are to be run as a whole, and by tags
 * that no task has. Either would end well, and have left out what was not meant to be.
 */
import { ZrunError } from '../core/errors.js';
import type { RunCommand } from './command-line.js';
import type { LoadedPlaybook } from './load.js';

type Parts = Pick<RunCommand, 'startAtTask' | 'step' | 'tags' | 'skipTags'>;

/** Throws ZrunError `usage` where a play that is run has `whole: true`, and an option would leave out tasks of it. */
export function refuseParts(playbooks: readonly LoadedPlaybook[], parts: Parts): void {
  const option = optionOf(parts);
  if (option === undefined) return;
  for (const { playbook, hostsOf } of playbooks) {
    const play = playbook.plays.find((each) => each.whole && hostsOf(each).length > 0);
    if (!play) continue;
    throw new ZrunError('usage', `the play '${play.name}' is run as a whole, and not with ${option}`, {
      at: play.at,
      hint:
        'its tasks guard each other (whole: true). --limit takes some of the hosts, --check only looks, and --resume ' +
        'goes on where a run ended',
    });
  }
}

function optionOf({ startAtTask, step, tags, skipTags }: Parts): string | undefined {
  if (startAtTask !== undefined) return '--start-at-task';
  if (step) return '--step';
  if (tags.length > 0) return '--tags';
  return skipTags.length > 0 ? '--skip-tags' : undefined;
}
