/**
 * Owns how a word that is no file becomes a playbook: the user's own of that name, or else the one that zrun brings.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { visible } from '../../report/visible.js';
import type { Environment } from '../environment.js';
import { listOwnPlaybooks, type OwnPlaybook } from './own-playbooks.js';

interface FoundPlaybook {
  /** As the user would name it: relative where it was found from the current folder. */
  readonly file: string;
  /** Which file a name has come to stand for; undefined where the file itself was named. */
  readonly note: string | undefined;
}

/** A name that nothing has is left as it is: who reads the file says that it is not there. Throws as `listOwnPlaybooks`. */
export function findPlaybook(word: string, environment: Environment): FoundPlaybook {
  const asGiven = { file: word, note: undefined };
  if (!/^[\w-]+(?:\.ya?ml)?$/.test(word) || kindOf(word, environment) === 'file') return asGiven;
  const name = word.replace(/\.ya?ml$/, '');
  const mine = candidatesOf(word, name).find((file) => kindOf(file, environment) === 'file');
  // Something of that name that is no file is what was meant, where there is no playbook of that name.
  const own = ownOf(name, environment);
  if (mine !== undefined) {
    const rest = own ? `, not zrun's own of that name` : '';
    return { file: mine, note: `${name} is your ${visible(mine)}${rest}` };
  }
  return own ? { file: own.file, note: `${name} is zrun's own ${visible(own.file)}` } : asGiven;
}

/** Those of a run's words that are playbooks, as files. What each stands for is said on standard error. */
export function findPlaybooks(words: readonly string[], environment: Environment): readonly string[] {
  return words.map((word) => {
    const { file, note } = findPlaybook(word, environment);
    if (note !== undefined) environment.stderr.write(`playbook ${note}\n`);
    return file;
  });
}

function candidatesOf(word: string, name: string): readonly string[] {
  const files = word === name ? [`${name}.yaml`, `${name}.yml`] : [word];
  return [...files, ...files.map((file) => path.join('playbooks', file))];
}

function ownOf(name: string, environment: Environment): OwnPlaybook | undefined {
  return listOwnPlaybooks(environment).find((one) => one.name === name);
}

/** A pipe is as good as a file. */
function kindOf(file: string, { cwd }: Environment): 'file' | 'folder' | undefined {
  const found = statSync(path.resolve(cwd, file), { throwIfNoEntry: false });
  return found && (found.isDirectory() ? 'folder' : 'file');
}
