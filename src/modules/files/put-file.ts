/**
 * Owns what `copy` and `template` have in common: parameters, the choice of the file in a directory, plan and apply.
 * Knows nothing of where the content comes from.
 */
import * as z from 'zod';
import type { Content } from '../../core/content.js';
import { ZrunError } from '../../core/errors.js';
import type { Change, Plan, TaskContext, Write } from '../../core/module.js';
import type { Read } from '../../core/probe.js';
import { Unknown, type ValueMap } from '../../core/value.js';
import { attributeParams, type Attributes } from '../host/attributes.js';
import {
  type FileChange,
  type FileSight,
  type UnfollowedSight,
  applyFileContent,
  followLink,
  lookUnfollowed,
  planFileContent,
} from './file-content.js';
import { writtenResult } from './file-result.js';
import type { RegularFile } from '../host/file-state.js';
import { hostPath, joinPath } from '../host/path.js';
import { splitWords } from '../../core/words.js';

/** What guards an existing file, for every module that writes one. */
export const keptParams = {
  backup: z
    .boolean()
    .default(false)
    .describe(
      'Keeps the old file beside the new one, named with the time and what nobody can guess: ' +
        '`daemon.json.2026-08-07T08-54-00Z-5f0c2a9b17de~`.',
    ),
  validate: z
    .string()
    .refine((text) => text.includes('%s'), 'must name the new file with %s, as in "visudo -cf %s"')
    .refine(canBeSplit, 'must be one plain command, without pipes or other shell syntax, its quotes closed')
    .optional()
    .describe(
      'A command that must succeed for the new file before it takes its place; %s stands for its path.',
    ),
};

export const putFileParams = {
  dest: hostPath(
    'Where to write. An existing directory, or a path that ends with /, gets a file named as `src`.',
  ),
  ...attributeParams,
  force: z.boolean().default(true).describe('False: a file that exists is left as it is, whatever it holds.'),
  follow: z
    .boolean()
    .default(false)
    .describe(
      'Where `dest` is a link to a file: false puts a file in the place of the link; true writes the file at its end, ' +
        'unless another user could have put the link there.',
    ),
  ...keptParams,
};

function canBeSplit(text: string): boolean {
  try {
    return splitWords(text).length > 0;
  } catch {
    return false;
  }
}

interface PutFileParams extends Attributes {
  readonly dest: string;
  readonly force: boolean;
  readonly backup: boolean;
  readonly follow: boolean;
  readonly validate?: string | undefined;
}

export interface PutFile {
  readonly change: FileChange;
  readonly dest: string;
  readonly file: RegularFile;
}

/** @param name of the file where `dest` is a directory; undefined: `dest` must be the file itself */
export async function planPutFile(
  read: Read,
  params: PutFileParams,
  content: Content,
  name: string | undefined,
  context: TaskContext,
): Promise<Plan<PutFile>> {
  const sight = await lookWhere(read, params, name, content.sha256);
  const plan = planFileContent(sight, { ...params, content });
  if (plan.change === 'none') {
    const result = plan.file.type === 'file' ? writtenResult(plan.path, plan.file) : { dest: plan.path };
    return { change: 'none', reason: plan.reason, result };
  }
  const { path: dest, summary, diff, effects, detail, file } = plan;
  const backup: ValueMap = detail.backup ? { backup_file: new Unknown(context.task) } : {};
  return {
    change: 'some',
    summary,
    diff,
    effects,
    detail: { change: detail, dest, file },
    predicted: { ...writtenResult(dest, file), ...backup },
  };
}

/** Both places that `dest` may mean are looked at in one exchange. */
async function lookWhere(
  read: Read,
  { dest, owner, group, mode, follow }: PutFileParams,
  name: string | undefined,
  sha256: string,
): Promise<FileSight> {
  const look = (path: string): Promise<UnfollowedSight> =>
    lookUnfollowed(read, { path, owner, group, mode, follow }, { unless: sha256 });
  if (dest.endsWith('/')) {
    if (name !== undefined) return followLink(await look(joinPath(dest, name)));
    throw new ZrunError(
      'parameter-invalid',
      `dest ends with /, so it is a directory, but the file has no name`,
      {
        hint: 'Name the file: text in `content` brings no name along.',
      },
    );
  }
  if (name === undefined) return followLink(await look(dest));
  const [itself, inside] = await Promise.allSettled([look(dest), look(joinPath(dest, name))]);
  const { file } = valueOf(itself);
  const end = file.type === 'link' ? file.resolved : file;
  // Where dest is no folder, what is wrong with the way into it is nobody's concern.
  return followLink(valueOf(end.type === 'directory' ? inside : itself));
}
function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'fulfilled') return settled.value;
  throw settled.reason;
}

export async function applyPutFile(write: Write, { detail }: Change<PutFile>): Promise<ValueMap> {
  const { change, dest, file } = detail;
  const { backupFile } = await applyFileContent(write, change);
  return { ...writtenResult(dest, file), ...(backupFile !== undefined && { backup_file: backupFile }) };
}
