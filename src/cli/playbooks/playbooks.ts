/**
 * Owns `zrun playbooks`: the playbooks that zrun brings, and copies of them to change.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { nearest, ZrunError } from '../../core/errors.js';
import { exitCodes } from '../../core/exit-codes.js';
import { codeOf, makeFolder, unwritable, whyUnreadable } from '../../core/local-files.js';
import { visible } from '../../report/visible.js';
import type { Environment } from '../environment.js';
import { readVerbWords } from '../verb-options.js';
import { listOwnPlaybooks, partsOf, type OwnPlaybook } from './own-playbooks.js';

const HELP = `Usage: zrun playbooks
       zrun playbooks copy NAME [FOLDER]

Lists the playbooks that zrun brings. Each runs by its name, from any folder:

  zrun overlay2 -i hosts.yaml --check

A playbook of your own goes first: NAME, NAME.yaml or NAME.yml, in the current
folder or in its playbooks/. The run says which file a name stands for.

copy takes one home, to read it or to change it, with all the files that it
needs: into playbooks/ and templates/ of FOLDER (default: the current folder).
A file that is there already, and differs, is never overwritten: then nothing
is copied.

Options:
  --json      the list, for programs
  --force     of copy: overwrite files that differ
  -h, --help  show this
`;

/** Throws ZrunError `usage`, `file-unreadable`. */
export function showPlaybooks(environment: Environment): Promise<number> {
  const { argv, stdout } = environment;
  const words = readVerbWords('playbooks', argv, { json: { type: 'boolean' }, force: { type: 'boolean' } });
  const [action, name, folder = '.', ...more] = words.names;
  if (words.has('help')) stdout.write(HELP);
  else if (action === undefined) {
    const playbooks = listOwnPlaybooks(environment);
    stdout.write(words.has('json') ? `${JSON.stringify(playbooks, undefined, 2)}\n` : formatList(playbooks));
  } else if (action !== 'copy' || name === undefined || more.length > 0) {
    const message =
      action !== 'copy'
        ? `zrun playbooks does not know '${action}'`
        : name === undefined
          ? 'no playbook is named'
          : `a copy is of one playbook into one folder, not of ${words.names.length - 1} words`;
    throw new ZrunError('usage', message, { hint: 'zrun playbooks copy NAME [FOLDER]' });
  } else copy(chooseOwn(name, environment), folder, words.has('force'), environment);
  return Promise.resolve(exitCodes.ok);
}

function formatList(playbooks: readonly OwnPlaybook[]): string {
  if (playbooks.length === 0) return 'This zrun brings no playbooks.\n';
  const width = Math.max(...playbooks.map(({ name }) => name.length));
  const lines = playbooks.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}\n`);
  return `${lines.join('')}\nzrun NAME -i INVENTORY runs one; zrun playbooks copy NAME makes one your own.\n`;
}

function chooseOwn(word: string, environment: Environment): OwnPlaybook {
  const name = word.replace(/\.ya?ml$/, '');
  const playbooks = listOwnPlaybooks(environment);
  const found = playbooks.find((one) => one.name === name);
  if (found) return found;
  const names = playbooks.map((one) => one.name);
  const near = nearest(name, names);
  throw new ZrunError('usage', `zrun brings no playbook '${visible(name)}'`, {
    hint: near === undefined ? `there are ${names.join(', ')}` : `did you mean '${near}'?`,
  });
}

function copy(playbook: OwnPlaybook, folder: string, isForced: boolean, environment: Environment): void {
  const { cwd, stdout } = environment;
  const files = [...partsOf(playbook, environment)].map(([name, text]) => {
    const shown = path.join(folder, name);
    const before = readIfThere(path.resolve(cwd, shown));
    return { shown, text, isSame: before === text, differs: before !== undefined && before !== text };
  });
  const differing = files.filter(({ differs }) => differs).map(({ shown }) => shown);
  if (differing.length > 0 && !isForced) {
    throw new ZrunError('usage', `nothing was copied: ${differing.join(', ')} would be overwritten`, {
      hint: 'Name another folder, or add --force.',
    });
  }
  const missing = files.filter(({ isSame }) => !isSame);
  for (const { shown, text } of missing) {
    write(path.resolve(cwd, shown), text);
    stdout.write(`${visible(shown)}\n`);
  }
  const kept = files.length - missing.length;
  if (kept > 0) stdout.write(`${kept} ${kept === 1 ? 'file was' : 'files were'} there already\n`);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ZrunError('file-unreadable', `cannot read ${file}: ${whyUnreadable(error)}`, { cause: error });
  }
}

function write(file: string, text: string): void {
  try {
    makeFolder(path.dirname(file));
    writeFileSync(file, text);
  } catch (error) {
    throw unwritable(file, error, { ENOENT: 'its folder cannot be made' });
  }
}
