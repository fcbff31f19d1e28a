/**
 * Owns the plan for a mount's line in fstab: which line is meant, and what becomes of it. Knows nothing of what is mounted.
 */
import { ZrunError } from '../../core/errors.js';
import { planFileContent, type FileSight } from '../files/file-content.js';
import { normalizePath } from '../host/path.js';
import {
  addEntry,
  findEntries,
  formatEntry,
  removeEntry,
  replaceEntry,
  sameEntry,
  type FstabEntry,
  type FstabLine,
} from './fstab.js';
import type { MountParams } from './mount-params.js';

interface FstabPlan {
  readonly file: ReturnType<typeof planFileContent>;
  readonly verb: string;
  readonly reason: string;
  /** The options in fstab afterwards. */
  readonly options: string | null;
}

export function planFstab(p: MountParams, sight: FileSight, opts: string): FstabPlan | undefined {
  const text = fstabText(p, sight);
  if (p.state === 'absent') {
    const own = oneLine(p, findEntries(text ?? '', p.path, p.src));
    if (text === undefined || own === undefined) return undefined;
    const content = Buffer.from(removeEntry(text, own.line));
    return {
      file: planFileContent(sight, { content, isEdited: true, backup: p.backup }),
      verb: 'remove',
      reason: '',
      options: null,
    };
  }
  const entry: FstabEntry = {
    source: p.src ?? '',
    target: normalizePath(p.path),
    fstype: p.fstype ?? '',
    options: opts === '' ? 'defaults' : opts,
    dump: p.dump,
    passno: p.passno,
  };
  const others = findEntries(text ?? '', p.path);
  const own = others.length > 1 ? oneLine(p, findEntries(text ?? '', p.path, p.src), others) : others[0];
  const isSame = own !== undefined && sameEntry(own, entry);
  const after = isSame
    ? (text ?? '')
    : own === undefined
      ? addEntry(text ?? '', entry)
      : replaceEntry(text ?? '', own.line, entry);
  return {
    file: planFileContent(sight, { content: Buffer.from(after), isEdited: true, backup: p.backup }),
    verb: own === undefined ? 'add' : 'change',
    reason: `already in ${p.fstab}`,
    options: entry.options,
  };
}

function fstabText(p: MountParams, { file }: FileSight): string | undefined {
  if (file.type === 'absent') return undefined;
  if (file.type === 'file' && file.content !== undefined) return Buffer.from(file.content).toString('utf8');
  throw new ZrunError('task-failed', `${p.fstab} cannot be read as a file`, {
    hint: 'Does the task need become: true?',
  });
}

/** Which of several lines is meant cannot be guessed. */
function oneLine(p: MountParams, found: readonly FstabLine[], all = found): FstabLine | undefined {
  if (found.length === 1 || all.length === 0) return found[0];
  throw new ZrunError(
    'task-failed',
    `${p.fstab} has several lines for ${p.path}: ${all.map(({ line }) => line).join(', ')}`,
    {
      hint: `They are: ${all.map(formatEntry).join(' | ')}. Leave one of them, or say with src which one is meant.`,
    },
  );
}
