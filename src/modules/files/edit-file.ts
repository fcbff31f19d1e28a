/**
 * Owns what `lineinfile` and `blockinfile` have in common: parameters, the look at the file, and the plan made of what
 * an edit leaves. Knows nothing of what is edited.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import type { Change, Plan, TaskContext, Write } from '../../core/module.js';
import type { Read } from '../../core/probe.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import { attributeParams, type Attributes } from '../host/attributes.js';
import {
  applyFileContent,
  lookAtFile,
  planFileContent,
  type FileChange,
  type FileSight,
} from './file-content.js';
import { writtenResult, writtenReturns } from './file-result.js';
import type { PlainState } from '../host/file-state.js';
import { hostPath } from '../host/path.js';
import { keptParams } from './put-file.js';
import { readLines, type Line, type TextLines } from './text-lines.js';

/** The first of a module's parameters; the others of a file, which hardly anybody gives, are its last. */
export const editPath = hostPath(
  'The file. A link stays, and the file at its end is edited, unless another user could have put the link there.',
);

export const editParams = {
  create: z
    .boolean()
    .default(false)
    .describe('Creates the file if there is none; otherwise that is an error.'),
  ...attributeParams,
  ...keptParams,
};

/** None of what belongs to a file is there where the file is not. */
export const editReturns = {
  ...writtenReturns.partial().shape,
  msg: z.string().describe('What was done to its lines: `line added`; empty where nothing was.'),
};

interface EditParams extends Attributes {
  readonly path: string;
  readonly state: 'present' | 'absent';
  readonly create: boolean;
  readonly backup: boolean;
  readonly validate?: string | undefined;
}

export interface Edited {
  readonly lines: readonly Line[];
  /** What was done, as results have it: `line added`; empty where nothing was. */
  readonly msg: string;
  readonly result?: ValueMap;
}

interface EditChange {
  readonly change: FileChange;
}

/** Bytes: what is larger is no configuration file, and is not carried to and fro. */
const editLimit = 4 * 1024 * 1024;

/**
 * Throws `task-failed` where the file cannot be edited, or where the same edit would change the file that it leaves
 * once more: what then grows with each run is never what was meant.
 */
export async function planEdit(
  read: Read,
  params: EditParams,
  edit: (file: TextLines) => Edited,
  context: TaskContext,
): Promise<Plan<EditChange>> {
  const { path, state, create, backup, validate, owner, group, mode } = params;
  const sight = await lookAtFile(read, { path, owner, group, mode }, { limit: editLimit });
  const { file } = sight;
  if (file.type === 'absent' && state === 'absent') {
    return { change: 'none', reason: 'there is no such file', result: { dest: sight.path, msg: '' } };
  }
  if (file.type === 'absent' && !create) {
    throw new ZrunError('task-failed', `there is no file ${path}`, {
      hint: 'With `create: true` it is made.',
    });
  }
  const before = contentOf(sight);
  const text = readLines(before);
  const edited = edit(text);
  const content = text.join(edited.lines);
  refuseRestless(path, content, edit);
  const plan = planFileContent(sight, { content, isEdited: true, backup, validate });
  const said: ValueMap = { msg: edited.msg, ...edited.result };
  if (plan.change === 'none') {
    return { change: 'none', reason: plan.reason, result: { ...fileResult(plan.path, plan.file), ...said } };
  }
  const { detail } = plan;
  const kept: ValueMap = detail.backup ? { backup_file: new Unknown(context.task) } : {};
  return {
    change: 'some',
    summary: edited.msg === '' ? plan.summary : `${plan.summary}: ${edited.msg}`,
    diff: plan.diff,
    effects: plan.effects,
    detail: { change: detail },
    predicted: { ...writtenResult(plan.path, plan.file), ...said, ...kept },
  };
}

function contentOf({ file, path }: FileSight): Uint8Array {
  // What is neither a file nor absent is refused by planFileContent, in the same words as everywhere.
  if (file.type !== 'file' || file.size === 0) return new Uint8Array();
  if (file.content) return file.content;
  if (file.sha256 === undefined) {
    throw new ZrunError('task-failed', `${path} cannot be read`, {
      hint: 'Does the task need `become: true`?',
    });
  }
  throw new ZrunError('task-failed', `${path} is too large to be edited: ${file.size} bytes`, {
    hint: `Files of up to ${editLimit} bytes are edited line by line; use \`shell\` with sed for this one.`,
  });
}

function refuseRestless(path: string, content: Uint8Array, edit: (file: TextLines) => Edited): void {
  const again = readLines(content);
  const { lines } = edit(again);
  if (Buffer.compare(again.join(lines), content) === 0) return;
  throw new ZrunError('task-failed', `the same task would change ${path} again each time that it runs`, {
    hint:
      'Write `regexp` so that it matches the line as it is and as it should be, and no other, and `line` so that ' +
      'what it makes of its own result is the same. Where several lines match, remove the others first.',
  });
}

function fileResult(path: string, file: PlainState): ValueMap {
  return file.type === 'file' ? writtenResult(path, file) : { dest: path };
}

export async function applyEdit(write: Write, { detail, predicted }: Change<EditChange>): Promise<ValueMap> {
  const { backupFile } = await applyFileContent(write, detail.change);
  return { ...predicted, ...(backupFile !== undefined && { backup_file: backupFile }) };
}
