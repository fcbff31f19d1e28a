/**
 * Owns what is refused of a run that takes only a part of the tasks: of plays that are to be run as a whole, and by tags
 * that no task has. Either would end well, and have left out what was not meant to be.
 */
import { nearest, throwAll, ZrunError } from '../core/errors.js';
import { handlersIn, stepsOf } from '../core/plan.js';
import type { RunCommand } from './command-line.js';
import type { PlaybookRun } from '../engine/index.js';

type PlaybookWithHosts = Pick<PlaybookRun, 'playbook' | 'hostsOf' | 'isOpen'>;

type Parts = Pick<RunCommand, 'startAtTask' | 'step' | 'tags' | 'skipTags'>;

/** Throws ZrunError `usage` where a play that is run has `whole: true`, and an option would leave out tasks of it. */
export function refuseParts(playbooks: readonly PlaybookWithHosts[], parts: Parts): void {
  const option = optionOf(parts);
  if (option === undefined) return;
  for (const { playbook, hostsOf, isOpen } of playbooks) {
    const play = playbook.plays.find(
      (each) => each.whole && (hostsOf(each).length > 0 || isOpen?.(each) === true),
    );
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

/** What stands for no task's own tag. */
const specialTags: ReadonlySet<string> = new Set(['all', 'always', 'never', 'tagged', 'untagged']);

/**
 * A misspelt tag would run nothing, and end well. Throws ZrunError `usage` where no task has one of `tags`; where a file
 * that only a host names may have it, that is a warning, and so is one of `skipTags`: scripts skip on many playbooks what
 * only some of them have.
 */
export function checkTags(
  playbooks: readonly PlaybookWithHosts[],
  { tags, skipTags }: Pick<Parts, 'tags' | 'skipTags'>,
): readonly string[] {
  if (tags.length + skipTags.length === 0) return [];
  const { known, isAllRead } = tagsIn(playbooks);
  const unknown = (option: string, names: readonly string[]): readonly ZrunError[] =>
    names
      .filter((name) => !specialTags.has(name) && !known.has(name))
      .map((name) => {
        const near = nearest(name, known);
        const hint = near === undefined ? 'zrun … --list-tags shows the tags' : `did you mean '${near}'?`;
        return new ZrunError('usage', `no task has the tag '${name}' of ${option}`, { hint });
      });
  const wanted = unknown('--tags', tags);
  if (isAllRead) throwAll(wanted);
  const certainty = isAllRead ? '' : ', as far as is known before the run';
  return [...wanted, ...unknown('--skip-tags', skipTags)].map(
    ({ message, hint = '' }) => `${message}${certainty}; ${hint}`,
  );
}

interface KnownTags {
  readonly known: ReadonlySet<string>;
  /** False where there is an include whose file only a host names. */
  readonly isAllRead: boolean;
}

function tagsIn(playbooks: readonly PlaybookWithHosts[]): KnownTags {
  const plays = playbooks.flatMap(({ playbook }) => playbook.plays);
  const steps = plays.flatMap((play) => [
    ...stepsOf([...play.tasks, ...handlersIn(play), ...play.betweenBatches]),
  ]);
  return {
    known: new Set([...plays, ...steps].flatMap(({ tags }) => tags)),
    isAllRead: steps.every((step) => step.type !== 'include' || step.steps !== undefined),
  };
}
