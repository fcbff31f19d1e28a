/**
 * Owns owner, group and mode: how they are asked for, compared, predicted and set. The same for every module that has
 * them.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import type { Diff } from '../../core/module.js';
import type { Read } from '../../core/probe.js';
import { type ShellText, lines, sh } from '../../core/shell.js';
import { type FileState, type Inode, formatMode } from './file-state.js';
import { groupProbe, userProbe } from './file.js';

/** What a task wants of a file's inode; what is left out stays as it is. */
export interface Attributes {
  /** A name, or a number in digits. */
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  /** Octal digits, `0644`. */
  readonly mode?: string | undefined;
}

const account = (description: string) =>
  z
    .string()
    .regex(/^[^-:/\s][^:/\s]*$/, 'must be a name, or a number in quotes')
    .optional()
    .describe(description);

/** The parameters, to be spread into a module's own. */
export const attributeParams = {
  owner: account("The user that should own it: a name or a number. Left out: as it is, or the task's user."),
  group: account("The group that should own it: a name or a number. Left out: as it is, or the task user's."),
  mode: z
    .string({
      error: ({ input }) =>
        typeof input === 'number'
          ? 'must be quoted, mode: "0644": YAML reads bare digits as a decimal number'
          : undefined,
    })
    .regex(
      /^[0-7]{3,4}$/,
      'must be three or four octal digits, such as "0644" (zrun has no symbolic modes: u=rw,g=r)',
    )
    .optional()
    .describe('Permissions in octal digits, quoted: "0644". Left out: as it is, or what the umask leaves.'),
};

/** The numbers behind the names that a task wants. */
export interface Accounts {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** Throws `task-failed` where the host knows no such user or group. */
export async function lookAtAccounts(read: Read, { owner, group }: Attributes): Promise<Accounts> {
  const [uid, gid] = await Promise.all([
    owner === undefined || isNumber(owner) ? undefined : read(userProbe(owner)),
    group === undefined || isNumber(group) ? undefined : read(groupProbe(group)),
  ]);
  const accounts = { uid: uid ?? numberIn(owner), gid: gid ?? numberIn(group) };
  if (owner !== undefined && accounts.uid === undefined) throw unknownAccount('user', owner);
  if (group !== undefined && accounts.gid === undefined) throw unknownAccount('group', group);
  return accounts;
}

function unknownAccount(type: string, name: string): ZrunError {
  return new ZrunError('task-failed', `the host has no ${type} '${name}'`, {
    hint: `Make the ${type} first, or give its number.`,
  });
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && isNumber(text) ? Number(text) : undefined;
}

/**
 * The inode as it will be: what is wanted, else what is there, else what the host gives a new file.
 * @param creationMode what a program asks for when it makes one: 0666 for files, 0777 for directories
 */
export function wishedInode(
  before: FileState,
  accounts: Accounts,
  wish: Attributes,
  creationMode: number,
): Inode {
  const base = baseInode(before, creationMode);
  return {
    uid: accounts.uid ?? base.uid,
    gid: accounts.gid ?? base.gid,
    owner: nameOf(wish.owner, accounts.uid, base.uid, base.owner),
    group: nameOf(wish.group, accounts.gid, base.gid, base.group),
    mode: wish.mode === undefined ? base.mode : parseInt(wish.mode, 8),
  };
}

function baseInode(before: FileState, creationMode: number): Inode {
  if (before.type !== 'absent' && before.type !== 'link') return before;
  const creator = before.type === 'absent' ? before.creator : undefined;
  const { umask, ...owners } = creator ?? { umask: 0o022, uid: 0, gid: 0, owner: 'root', group: 'root' };
  return { ...owners, mode: creationMode & ~umask };
}

function nameOf(wish: string | undefined, id: number | undefined, baseId: number, baseName: string): string {
  if (id === undefined || id === baseId) return baseName;
  return wish === undefined || isNumber(wish) ? 'UNKNOWN' : wish;
}

type AttributeName = 'owner' | 'group' | 'mode';

/** Which of them differ; none where nothing is there yet. */
export function compareAttributes(before: FileState, after: Inode): readonly AttributeName[] {
  if (before.type === 'absent') return [];
  const differing: AttributeName[] = [];
  if (before.uid !== after.uid) differing.push('owner');
  if (before.gid !== after.gid) differing.push('group');
  if (before.type !== 'link' && before.mode !== after.mode) differing.push('mode');
  return differing;
}

export function attributesDiff(
  path: string,
  before: FileState,
  after: Inode,
  names: readonly AttributeName[],
): Diff {
  return {
    type: 'fields',
    subject: path,
    fields: names.map((name) => ({
      name,
      before: before.type === 'absent' ? undefined : attributeText(before, name),
      after: attributeText(after, name),
    })),
  };
}

function attributeText(inode: Inode, name: AttributeName): string {
  if (name === 'mode') return formatMode(inode.mode);
  const [account, id] = name === 'owner' ? [inode.owner, inode.uid] : [inode.group, inode.gid];
  return account === 'UNKNOWN' ? String(id) : account;
}

/** Sets what is given. The owner first: a change of owner takes set-user-id bits off a mode. */
export function attributeScript(path: string | ShellText, { owner, group, mode }: Attributes): ShellText {
  return lines(
    owner !== undefined && sh`chown -h ${owner} ${path} || exit`,
    group !== undefined && sh`chgrp -h ${group} ${path} || exit`,
    mode !== undefined && sh`chmod ${mode} ${path} || exit`,
  );
}

/** Defines what `fitEntry` and others that begin with `enterFolder` call for what they make or find. */
export function fitFunction(wish: Attributes): ShellText {
  return sh`fit() {
:
${attributeScript(sh`"$1"`, wish)}
}`;
}

/** After `enterFolder` and `fitFunction`: gives what is at `./$n` its attributes, and nothing that it is swapped for. */
export const fitEntry = sh`if [ -z "$w" ]; then fit "./$n"
elif [ -d "./$n" ] && [ ! -L "./$n" ]; then into "$n"; fit .
else
private
o=./$t.old
ln -- "../$n" "$o"
[ ! -L "$o" ] || changed
single "$o"
fit "$o"
leave
fi`;
