/**
 * Owns how runs of the past are found and read: by id, by the beginning of one, or as the last.
 */
import { statSync } from 'node:fs';
import { nearest, ZrunError } from '../core/errors.js';
import type { EventOf } from '../core/events.js';
import { codeOf, whyUnreadable } from '../core/local-files.js';
import { readJournalFile, type OnDamaged } from '../report/journal.js';
import { findRunsFolder, listRuns, type RunFolder } from '../report/run-folder.js';
import { createRunReader, type RunRecord } from '../report/run-record.js';
import type { WrittenEvent } from '../report/written.js';
import type { Environment } from './environment.js';

/** The newest first. Throws ZrunError `file-unreadable`. */
export function findRuns({ env, homeFolder }: Environment): readonly RunFolder[] {
  const folder = findRunsFolder(env, homeFolder);
  try {
    return listRuns(folder);
  } catch (error) {
    const why = whyUnreadable(error);
    throw new ZrunError('file-unreadable', `the folder of runs, ${folder}, cannot be read: ${why}`, {
      cause: error,
    });
  }
}

/** `words`: a run's id, the beginning of one, or `last`. Throws ZrunError `usage` where that is not one run. */
export function chooseRun(runs: readonly RunFolder[], words: string): RunFolder {
  const [newest] = runs;
  if (!newest) throw new ZrunError('usage', 'there is no run yet');
  if (words === 'last') return newest;
  const matching = runs.filter(({ id }) => id === words || id.startsWith(words));
  const [only, ...others] = matching;
  if (only && (others.length === 0 || only.id === words)) return only;
  if (only && words !== '') {
    throw new ZrunError('usage', `'${words}' is the beginning of several runs: ${namesOf(matching)}`, {
      hint: 'write more of it',
    });
  }
  const ids = runs.map(({ id }) => id);
  const near = nearest(words, ids);
  throw new ZrunError('usage', `there is no run '${words}'`, {
    hint:
      near === undefined
        ? `the newest are ${namesOf(runs)}`
        : `did you mean ${near}? zrun history lists them`,
  });
}

function namesOf(runs: readonly RunFolder[]): string {
  const names = runs.slice(0, 5).map(({ id }) => id);
  return `${names.join(', ')}${runs.length > 5 ? `, … (zrun history -n ${runs.length} lists them)` : ''}`;
}

/** The run's start, without reading on. Undefined where its journal does not have one. */
export async function readStart(run: RunFolder): Promise<EventOf<'run-started'> | undefined> {
  for await (const event of readEvents(run)) if (event.type === 'run-started') return event;
  return undefined;
}

/** What the journal says. Undefined where it does not even have the run's start. `tell` is told every event, too. */
export async function readRun(
  run: RunFolder,
  tell: (event: WrittenEvent) => void = () => undefined,
  onDamaged?: OnDamaged,
): Promise<RunRecord | undefined> {
  const reader = createRunReader();
  for await (const event of readEvents(run, onDamaged)) {
    reader.tell(event);
    tell(event);
  }
  return reader.read();
}

/** A run without a journal has no events. Throws ZrunError `file-unreadable`. */
export async function* readEvents(
  { journal }: RunFolder,
  onDamaged: OnDamaged = () => undefined,
): AsyncGenerator<WrittenEvent> {
  try {
    yield* readJournalFile(journal, onDamaged);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    if (code === 'ENOENT') return;
    throw new ZrunError('file-unreadable', `the journal ${journal} cannot be read: ${whyUnreadable(error)}`, {
      cause: error,
    });
  }
}

/** What is missing of a journal. */
interface Damage {
  readonly note: OnDamaged;
  /** Undefined where nothing is missing. */
  describe(): string | undefined;
}

/**
 * The last line of a run that goes on may still be written: that is no damage. A journal of one line that breaks off is that
 * of a run that was interrupted before it began.
 */
export function createDamage({ journal }: RunFolder, isGoing: boolean): Damage {
  let first: number | undefined;
  let count = 0;
  return {
    note(line, isLast) {
      if (isLast && (isGoing || line === 1)) return;
      first ??= line;
      count++;
    },
    describe() {
      if (first === undefined) return undefined;
      return count === 1
        ? `a line of the journal cannot be read, and what it told is missing: ${journal}:${first}`
        : `${count} lines of the journal cannot be read, and what they told is missing; the first is ${journal}:${first}`;
    },
  };
}

/** Of a run that does not go on. Throws ZrunError `file-unreadable`. */
export async function findDamage(run: RunFolder): Promise<string | undefined> {
  const damage = createDamage(run, false);
  await readRun(run, undefined, damage.note);
  return damage.describe();
}

/**
 * Milliseconds since the epoch: now, for a run that goes on. One that was killed has been alive as long as it has written to
 * its journal, and touched its claim while there was nothing to write.
 */
export function lastSignOfLife({ journal, claim }: RunFolder, isGoing: boolean): number {
  if (isGoing) return Date.now();
  return Math.max(...[journal, claim].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0));
}

/** `2026-07-22 15:30:12 UTC`: as run ids are, so that both can be compared. */
export function formatTime(iso: string): string {
  return `${iso.replace('T', ' ').replace(/\.\d+Z$|Z$/, '')} UTC`;
}
