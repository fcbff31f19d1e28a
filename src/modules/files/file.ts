/**
 * Owns `file`: directories, links, permissions, and what must not be there. Content is for `copy` and `template`.
 */
import * as z from 'zod';
import { ZrunError } from '../../core/errors.js';
import { defineModule, type Change, type Diff, type Nothing, type Plan } from '../../core/module.js';
import { setState, setStateBelow, unknownState, type Effect, type Read } from '../../core/probe.js';
import { lines, sh, type ShellText } from '../../core/shell.js';
import type { ValueMap } from '../../core/value.js';
import {
  attributeParams,
  attributesDiff,
  compareAttributes,
  fitEntry,
  fitFunction,
  lookAtAccounts,
  wishedInode,
  type Accounts,
  type Attributes,
} from '../host/attributes.js';
import { inodeResult, inodeReturns } from './file-result.js';
import { fileKind, fileProbe } from '../host/file.js';
import {
  absentFile,
  describeType,
  directoryState,
  formatMode,
  type AbsentFile,
  type DirectoryFile,
  type FileState,
  type Inode,
  type PlainState,
} from '../host/file-state.js';
import { differingProbe, treeScript } from './file-tree.js';
import { refuseRemoval, removalScript, realPathProbe } from './file-removal.js';
import { makeFolder } from './made-folder.js';
import { mountsProbe } from '../host/mountinfo.js';
import { ancestorsOf, hostPath, normalizePath, parentOf } from '../host/path.js';
import { enterFolder, runInFolder, wayTo } from './trusted-folder.js';
import { lookAtUnitOfFile } from '../host/unit.js';

const params = z
  .strictObject({
    path: hostPath(
      'The path that is managed. A link there is followed where attributes are set, unless another user could have put it there.',
    ),
    state: z
      .enum(['file', 'directory', 'absent', 'touch', 'link', 'hard'])
      .optional()
      .describe(
        'file: must be there, only its attributes are set. directory: made with its parents. absent: removed, ' +
          'directories with all they hold. touch: an empty file is made, or the time of an existing one set. link, ' +
          'hard: a link to `src`. Left out: as it is, and an error where nothing is there.',
      ),
    src: z.string().min(1).optional().describe('For link and hard: what the link leads to.'),
    ...attributeParams,
    recurse: z
      .boolean()
      .default(false)
      .describe('With directory: owner, group and mode are set on everything below it too.'),
    force: z
      .boolean()
      .default(false)
      .describe(
        'With link: also where `src` does not exist. With link and hard: also in the place of a file.',
      ),
    modification_time: z
      .enum(['now', 'preserve'])
      .default('now')
      .describe(
        'With touch: preserve leaves the time of an existing file, so that a second run changes nothing.',
      ),
  })
  .refine(({ state, src }) => (state === 'link' || state === 'hard') === (src !== undefined), {
    error: '`src` goes with `state: link` and `state: hard`, and only with them',
  })
  .refine(({ state, recurse }) => !recurse || state === 'directory', {
    error: '`recurse` needs `state: directory`',
  })
  .refine(({ state, owner, group, mode }) => {
    const isBare = owner === undefined && group === undefined && mode === undefined;
    return isBare || (state !== 'link' && state !== 'hard' && state !== 'absent');
  }, 'owner, group and mode do not go with this state: they would be those of another file, or of none')
  .refine(({ state, src }) => state !== 'hard' || src?.startsWith('/') === true, {
    error: '`src` of a hard link must be an absolute path',
  });

type Params = z.output<typeof params>;

/** Everything that apply needs: the script is made by plan, which knows what was there. */
interface Detail {
  readonly script: ShellText;
  readonly shownAs: string;
  readonly result: ValueMap;
}

type FilePlan = Plan<Detail>;

export const file = defineModule({
  name: 'file',
  summary: 'Manage directories, links, permissions, and what must not be there',
  aliases: { path: ['dest', 'name'] },
  params,
  returns: z.strictObject({
    path: z.string().describe('The path.'),
    state: z.string().describe('What is there now: file, directory, link, absent, …'),
    ...Object.fromEntries(Object.entries(inodeReturns).map(([name, type]) => [name, type.optional()])),
  }),
  examples: [
    {
      title: 'A directory, with its parents',
      task: `
file:
  path: '{{tmp}}/etc/systemd/docker.service.d'
  state: directory
  mode: "0755"`,
      needs: 'nothing',
      after: 'test -d "$tmp/etc/systemd/docker.service.d"',
    },
    {
      title: 'Nothing at a path any more',
      task: `
file:
  path: '{{tmp}}/old'
  state: absent`,
      needs: 'nothing',
      before: 'mkdir -p "$tmp/old/deep"; echo x >"$tmp/old/deep/file"',
      after: 'test ! -e "$tmp/old"',
    },
    {
      title: 'A symbolic link',
      task: `
file:
  path: '{{tmp}}/current'
  src: releases/2
  state: link`,
      needs: 'nothing',
      before: 'mkdir -p "$tmp/releases/1" "$tmp/releases/2"; ln -s releases/1 "$tmp/current"',
      after: 'test "$(readlink "$tmp/current")" = releases/2',
    },
    {
      title: 'Permissions of everything below a directory',
      task: `
file:
  path: '{{tmp}}/secrets'
  state: directory
  mode: "0700"
  recurse: true`,
      needs: 'nothing',
      before: 'mkdir -p "$tmp/secrets/below"',
      after: 'test "$(stat -c %a "$tmp/secrets/below")" = 700',
    },
  ],
  plan(read, params) {
    switch (params.state) {
      case 'absent':
        return planAbsent(read, params);
      case 'directory':
        return planDirectory(read, params);
      case 'link':
        return planLink(read, params);
      case 'hard':
        return planHardLink(read, params);
      case 'touch':
        return planTouch(read, params);
      case 'file':
      case undefined:
        return planAttributes(read, params);
    }
  },
  async apply(write, { detail }) {
    await runInFolder(write, detail.script, { shownAs: detail.shownAs });
    return detail.result;
  },
});

function none(path: string, state: FileState, reason: string): Nothing {
  return { change: 'none', reason, result: resultOf(path, state) };
}

function some(change: {
  readonly path: string;
  readonly after: FileState;
  readonly summary: string;
  readonly script: ShellText;
  readonly diff: readonly Diff[];
  readonly effects: readonly Effect[];
  readonly destroys?: string | undefined;
  readonly repeats?: boolean;
}): Change<Detail> {
  const { path, after, summary, script, diff, effects, destroys, repeats } = change;
  const result = resultOf(path, after);
  return {
    change: 'some',
    summary,
    diff,
    effects,
    ...(destroys !== undefined && { destroys }),
    ...(repeats === true && { repeats }),
    detail: { script, shownAs: summary, result },
    predicted: result,
  };
}

function resultOf(path: string, state: FileState): ValueMap {
  return { path, state: state.type, ...(state.type !== 'absent' && inodeResult(state)) };
}

function typeDiff(path: string, before: FileState, after: FileState): Diff {
  const name = (state: FileState): string | undefined =>
    state.type === 'absent' ? undefined : state.type === 'link' ? `link to ${state.target}` : state.type;
  return {
    type: 'fields',
    subject: path,
    fields: [{ name: 'type', before: name(before), after: name(after) }],
  };
}

/** Owner, group and mode of what is there, links followed. */
async function planAttributes(read: Read, params: Params): Promise<FilePlan> {
  const path = normalizePath(params.path);
  const [found, accounts] = await Promise.all([
    read(fileProbe(path, { way: wayTo(path, { follow: true }) })),
    lookAtAccounts(read, params),
  ]);
  const { at, state } = followed(path, found);
  if (state.type === 'absent') {
    throw new ZrunError('task-failed', `there is nothing at ${path}`, {
      hint: 'Make it with `state: directory` or `state: touch`, or with `copy` or `template`.',
    });
  }
  if (params.state === 'file' && state.type !== 'file') {
    throw new ZrunError('task-failed', `${path} is ${describeType(state)}, not a regular file`, {
      hint: 'Leave `state` out to set the attributes of whatever is there.',
    });
  }
  return attributesPlan(at, state, accounts, params, []);
}

/** @param path where it is, links followed; the way there is that of `wish.path` */
function attributesPlan(
  path: string,
  before: PlainState,
  accounts: Accounts,
  wish: Attributes & Pick<Params, 'path'>,
  below: readonly string[],
): FilePlan {
  const inode = wishedInode(before, accounts, wish, 0);
  const differing = compareAttributes(before, inode);
  if (differing.length === 0 && below.length === 0) return none(path, before, 'already as wanted');
  const after: PlainState = { ...before, ...inode };
  const what = differing.length > 0 ? differing : wishedNames(wish);
  const inBelow =
    below.length > 0 ? `, with ${below.length === 1000 ? '1000 or more' : below.length} below it` : '';
  return some({
    path,
    after,
    summary: `set ${what.join(', ')} of ${path}${inBelow}`,
    script:
      below.length > 0
        ? treeScript(wish.path, wish)
        : lines(
            enterFolder(wish.path, { follow: true }),
            fitFunction({ ...wish, mode: formatMode(after.mode) }),
            fitEntry,
          ),
    diff: [
      ...(differing.length > 0 ? [attributesDiff(path, before, inode, differing)] : []),
      ...(below.length > 0 ? [belowDiff(path, below, wish)] : []),
    ],
    effects: [
      // What lies below is known again only after the run; the directory itself is known.
      ...(below.length > 0 ? [unknownState(fileKind, path, true)] : []),
      setState(fileKind, path, after),
    ],
  });
}

function wishedNames({ owner, group, mode }: Attributes): readonly string[] {
  return [
    owner !== undefined && 'owner',
    group !== undefined && 'group',
    mode !== undefined && 'mode',
  ].filter((name) => name !== false);
}

function belowDiff(path: string, below: readonly string[], { owner, group, mode }: Attributes): Diff {
  const after = [owner !== undefined && `owner ${owner}`, group !== undefined && `group ${group}`, mode]
    .filter((part) => part !== undefined && part !== false)
    .join(', ');
  const shown = below.slice(0, 20);
  const more = below.length - shown.length;
  return {
    type: 'fields',
    subject: `below ${path}`,
    fields: [
      ...shown.map((name) => ({ name, before: 'differs', after })),
      ...(more > 0 ? [{ name: `… and ${more} more`, before: 'differ', after }] : []),
    ],
  };
}

function followed(path: string, found: FileState): { at: string; state: AbsentFile | PlainState } {
  if (found.type !== 'link') return { at: path, state: found };
  return { at: found.path ?? path, state: found.resolved };
}

async function planDirectory(read: Read, params: Params): Promise<FilePlan> {
  const path = normalizePath(params.path);
  const parents = ancestorsOf(path);
  const [found, accounts, above, below] = await Promise.all([
    read(fileProbe(path, { way: wayTo(path, { follow: true }) })),
    lookAtAccounts(read, params),
    Promise.all(parents.map((parent) => read(fileProbe(parent)))),
    params.recurse ? read(differingProbe(path, params)) : [],
  ]);
  const { at, state } = followed(path, found);
  if (state.type === 'directory') return attributesPlan(at, state, accounts, params, below);
  if (found.type !== 'absent') {
    throw new ZrunError('task-failed', `${path} is ${describeType(found)}, not a directory`, {
      hint: 'Nothing is put in its place. Remove it first if it is not needed: `state: absent`.',
    });
  }
  const missing: string[] = [];
  parents.forEach((parent, i) => {
    const { state: there = absentFile } = above[i] ? followed(parent, above[i]) : {};
    if (there.type === 'absent') missing.push(parent);
    else if (there.type !== 'directory') {
      throw new ZrunError('task-failed', `${parent}, on the way to ${path}, is ${describeType(there)}`, {
        hint: 'Remove it first if it is not needed: `state: absent`.',
      });
    }
  });
  const after: DirectoryFile = { ...wishedInode(found, accounts, params, 0o777), type: 'directory' };
  const made = [...missing, path];
  const attributes = { ...params, mode: formatMode(after.mode) };
  return some({
    path,
    after,
    summary: `create directory ${path}`,
    script: makeFolder(path, attributes, attributes),
    diff: [typeDiff(path, found, after)],
    effects: made.map((each) => setState(fileKind, each, directoryState(after))),
  });
}

async function planAbsent(read: Read, params: Params): Promise<FilePlan> {
  const path = normalizePath(params.path);
  const [found, mounts, realPath, unitEffects] = await Promise.all([
    read(fileProbe(path, { way: wayTo(path, { follow: false }) })),
    read(mountsProbe()),
    read(realPathProbe(path)),
    lookAtUnitOfFile(read, path),
  ]);
  if (found.type === 'absent') return none(path, found, 'not there');
  if (found.type === 'directory') refuseRemoval(path, realPath, mounts);
  return some({
    path,
    after: absentFile,
    summary: `remove ${path}`,
    script: lines(
      enterFolder(path, { follow: false }),
      found.type === 'directory' ? removalScript() : sh`rm -f -- "./$n"`,
    ),
    diff: [typeDiff(path, found, absentFile)],
    effects: [setStateBelow(fileKind, path, absentFile), ...unitEffects],
    destroys: destroyedBy(path, found),
  });
}

function destroyedBy(path: string, found: FileState): string | undefined {
  if (found.type === 'directory') return `the directory ${path} and everything in it`;
  return found.type === 'file' ? `the file ${path} (${found.size} bytes)` : undefined;
}

async function planTouch(read: Read, params: Params): Promise<FilePlan> {
  const path = normalizePath(params.path);
  const [found, parent, accounts] = await Promise.all([
    read(fileProbe(path, { way: wayTo(path, { follow: true }) })),
    read(fileProbe(parentOf(path))),
    lookAtAccounts(read, params),
  ]);
  const { at, state } = followed(path, found);
  if (state.type !== 'absent') {
    if (params.modification_time === 'preserve') return attributesPlan(at, state, accounts, params, []);
    const after: PlainState = { ...state, ...wishedInode(state, accounts, params, 0), mtime: undefined };
    return some({
      path,
      after,
      summary: `touch ${path}`,
      script: lines(
        enterFolder(path, { follow: true }),
        fitFunction({ ...params, mode: formatMode(after.mode) }),
        // The time of a link that came meanwhile would do no harm.
        sh`if [ -z "$w" ]; then touch -c -- "./$n"; else touch -c -h -- "./$n"; fi`,
        fitEntry,
      ),
      diff: [],
      effects: [setState(fileKind, at, after)],
      repeats: true,
    });
  }
  refuseMissingParent(path, parent);
  const after: FileState = {
    ...wishedInode(state, accounts, params, 0o666),
    type: 'file',
    size: 0,
    // Of no bytes at all.
    sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    content: new Uint8Array(),
  };
  return some({
    path,
    after,
    summary: `create ${path}`,
    script: lines(
      enterFolder(path, { follow: true }),
      fitFunction({ ...params, mode: formatMode(after.mode) }),
      sh`umask 077
private
: >"./$n"; new=+
fit "./$n"
place
leave`,
    ),
    diff: [typeDiff(path, state, after)],
    effects: [setState(fileKind, at, after)],
    repeats: params.modification_time === 'now',
  });
}

function refuseMissingParent(path: string, parent: FileState): void {
  const folder = parent.type === 'link' ? parent.resolved : parent;
  if (folder.type === 'directory') return;
  throw new ZrunError(
    'task-failed',
    `${parentOf(path)}, where ${path} should be, is ${describeType(folder)}`,
    {
      hint: 'Make the directory first: `file: {path: …, state: directory}`.',
    },
  );
}

async function planLink(read: Read, params: Params): Promise<FilePlan> {
  const [path, src = ''] = [normalizePath(params.path), params.src];
  const end = src.startsWith('/') ? normalizePath(src) : normalizePath(`${parentOf(path)}/${src}`);
  const [found, target, parent] = await Promise.all([
    read(fileProbe(path, { way: wayTo(path, { follow: false }) })),
    read(fileProbe(end)),
    read(fileProbe(parentOf(path))),
  ]);
  if (found.type === 'link' && found.target === src) return none(path, found, `already leads to ${src}`);
  refuseMissingParent(path, parent);
  if (target.type === 'absent' && !params.force) {
    throw new ZrunError('task-failed', `${path} would lead to ${end}, where there is nothing`, {
      hint: 'Make that first, or say `force: true` if it will come later.',
    });
  }
  refuseReplacing(path, found, params.force);
  const after: FileState = {
    ...newInode(found, 0o777),
    type: 'link',
    target: src,
    path: target.type === 'link' ? target.path : end,
    resolved: target.type === 'link' ? target.resolved : target,
  };
  return some({
    path,
    after,
    summary: `link ${path} to ${src}`,
    script: replaceScript(path, sh`ln -s -- ${src} "./$n"`),
    diff: [typeDiff(path, found, after)],
    effects: [setState(fileKind, path, after)],
    destroys: found.type === 'file' ? destroyedBy(path, found) : undefined,
  });
}

async function planHardLink(read: Read, params: Params): Promise<FilePlan> {
  const [path, src] = [normalizePath(params.path), normalizePath(params.src ?? '')];
  const [found, target, parent] = await Promise.all([
    read(fileProbe(path, { way: wayTo(path, { follow: false }) })),
    read(fileProbe(src, { checksum: true })),
    read(fileProbe(parentOf(path))),
  ]);
  if (target.type !== 'file') {
    throw new ZrunError(
      'task-failed',
      `${src} is ${describeType(target)}: only a file can have another name`,
      {
        hint: 'For anything else, make a symbolic link: `state: link`.',
      },
    );
  }
  const isSame = found.type !== 'absent' && found.id !== undefined && found.id === target.id;
  if (isSame) return none(path, found, `already the same file as ${src}`);
  refuseMissingParent(path, parent);
  refuseReplacing(path, found, params.force);
  return some({
    path,
    after: target,
    summary: `link ${path} to ${src} as another name of the same file`,
    script: lines(
      // The way to the other name is as good as the way to this one; a shell that waits in there keeps it.
      enterFolder(src, { follow: false }),
      sh`exec 5<.; end=$n`,
      replaceScript(
        path,
        sh`ln -- "/proc/self/fd/5/$end" "./$n"; [ -f "./$n" ] && [ ! -L "./$n" ] || changed`,
      ),
    ),
    diff: [typeDiff(path, found, target)],
    effects: [setState(fileKind, path, target)],
    destroys: found.type === 'file' ? destroyedBy(path, found) : undefined,
  });
}

function newInode(found: FileState, mode: number): Inode {
  return wishedInode(
    found.type === 'absent' ? found : absentFile,
    { uid: undefined, gid: undefined },
    {},
    mode,
  );
}

function refuseReplacing(path: string, found: FileState, force: boolean): void {
  if (found.type === 'absent' || found.type === 'link' || (found.type === 'file' && force)) return;
  const hint =
    found.type === 'file'
      ? 'Say `force: true` to put the link in its place; the file is then gone.'
      : 'Remove it first if it is not needed: `state: absent`.';
  throw new ZrunError('task-failed', `${path} is ${describeType(found)} and not a link`, { hint });
}

/** Made in a private folder and renamed, so that there is no moment without the old one or the new one. */
function replaceScript(path: string, make: ShellText): ShellText {
  return lines(
    enterFolder(path, { follow: false }),
    sh`private
new=+`,
    make,
    sh`mv -f -- "./$n" ..
leave`,
  );
}
