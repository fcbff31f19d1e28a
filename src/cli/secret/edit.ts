/**
 * Owns `zrun secret edit`: what an editor leaves is encrypted as the text was before, unless somebody else was faster.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ZrunError } from '../../core/errors.js';
import { codeOf, unwritable } from '../../core/local-files.js';
import { isSealed, type Keyring } from '../../secrets/keyring.js';
import type { Environment } from '../environment.js';
import type { VerbWords } from '../verb-options.js';
import { makeEditFolder } from './edit-folder.js';
import { openKeys, readKeyWords } from './keys.js';
import { findTarget, noTarget, sameTarget, sealWith, type Target } from './seal.js';
import { beginningOf, notSealed, readSecretFile, replaceFile } from './secret-file.js';

/** A file that is not there is made, where the options say what to encrypt it with. */
export async function editFile(words: VerbWords, environment: Environment): Promise<void> {
  const { cwd, stderr } = environment;
  const [name, ...others] = words.names;
  if (name === undefined || others.length > 0)
    throw new ZrunError('usage', name === undefined ? 'no file is named' : 'one file is edited at a time');
  const isNew = !existsSync(path.resolve(cwd, name));
  const keys = await openKeys(readKeyWords(words), environment, { isNew });
  const { content, target, ...before } = isNew
    ? {
        content: Buffer.alloc(0),
        target: await targetOfNew(words, environment, keys),
        file: path.resolve(cwd, name),
        bytes: undefined,
        mode: 0o600,
      }
    : await openToEdit(name, words, environment, keys);
  const edited = await letEdit(content, path.basename(name), environment);
  if (edited.equals(content)) {
    stderr.write(`${name}: ${isNew ? 'not made, since it is empty' : 'not changed'}\n`);
    return;
  }
  const sealed = await sealWith(edited, target);
  if (!(await isAsBefore(before))) throw await keepBoth(before.file, name, sealed);
  await replaceFile(before.file, name, sealed, before.mode);
  stderr.write(`${name}: encrypted\n`);
}

/** A file as it was when its text went to the editor. */
interface Before {
  /** Absolute, links followed. */
  readonly file: string;
  /** Undefined: it was not there. */
  readonly bytes: Buffer | undefined;
  readonly mode: number;
}

async function isAsBefore({ file, bytes }: Before): Promise<boolean> {
  const now = await readFile(file).catch(() => undefined);
  return now === undefined ? bytes === undefined && !existsSync(file) : bytes?.equals(now) === true;
}

/** What the user has written goes beside the file, and what somebody else has stays in it. Returns what is said of it. */
async function keepBoth(file: string, name: string, sealed: string): Promise<ZrunError> {
  for (let count = 1; ; count += 1) {
    const end = count === 1 ? '.edited' : `.edited-${count}`;
    try {
      await writeFile(`${file}${end}`, sealed, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue;
      throw unwritable(`${name}${end}`, error);
    }
    return new ZrunError('usage', `somebody else changed ${name} while you edited it: it is left as it is`, {
      hint: `What you wrote is in ${name}${end}, encrypted. Put both together, and remove that file.`,
    });
  }
}

async function targetOfNew(words: VerbWords, environment: Environment, keys: Keyring): Promise<Target> {
  const target = await findTarget(words, environment, () => keys.vaultPasswords());
  if (!target) throw noTarget();
  return target;
}

/** What it is encrypted with again is known before the editor starts. */
async function openToEdit(
  name: string,
  words: VerbWords,
  environment: Environment,
  keys: Keyring,
): Promise<Before & { readonly content: Buffer; readonly target: Target }> {
  const file = await readSecretFile(name, environment.cwd);
  if (!isSealed(file.text)) throw notSealed(file);
  await keys.prepare(file.text);
  const opened = keys.open(file.text, beginningOf(file));
  const given = words.all('recipient').length > 0 || words.has('passphrase');
  const target = given
    ? await targetOfNew(words, environment, keys)
    : await sameTarget(file.text, opened, keys, name);
  return { content: opened.content, target, file: file.file, bytes: file.bytes, mode: file.mode };
}

/** What the editor leaves. Throws ZrunError where it fails, or is stopped: nothing is changed then. */
async function letEdit(content: Buffer, name: string, environment: Environment): Promise<Buffer> {
  const { env, stderr } = environment;
  const editor = env['VISUAL'] || env['EDITOR'] || 'vi';
  const folder = await makeEditFolder(env);
  try {
    if (!folder.isInMemory)
      stderr.write(
        `note: there is no folder in memory here (/dev/shm): while you edit, the text in clear is on the disk, in ${folder.path}\n`,
      );
    const file = path.join(folder.path, name);
    await writeFile(file, content, { mode: 0o600, flag: 'wx' });
    await runEditor(editor, file, environment);
    return await readFile(file).catch(() => {
      throw new ZrunError('usage', `the editor (${editor}) left no file: nothing is changed`);
    });
  } finally {
    await folder.remove();
  }
}

/** As a shell starts it, so that EDITOR may have options. Ctrl-C is the editor's own. */
async function runEditor(editor: string, file: string, environment: Environment): Promise<void> {
  let child: ChildProcess | undefined;
  const stop = new AbortController();
  const release = environment.onStopSignal((signal) => {
    if (signal === 'SIGINT') return;
    stop.abort();
    child?.kill(signal);
  });
  try {
    const status = await new Promise<number | string>((resolve, reject) => {
      // In the shell's own place where it is one plain command, so that a signal reaches it.
      const start = /^[\w./+-]+(?: [\w\s./+,:"'-]*)?$/.test(editor) ? 'exec ' : '';
      child = spawn('/bin/sh', ['-c', `${start}${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'nobody'));
    });
    if (stop.signal.aborted)
      throw new ZrunError('interrupted', 'interrupted while the editor was open: nothing is changed');
    if (status === 0) return;
    const how = typeof status === 'number' ? `exit code ${status}` : status;
    throw new ZrunError('usage', `the editor (${editor}) ended with ${how}: nothing is changed`, {
      hint: 'EDITOR names the editor to use',
    });
  } finally {
    release();
  }
}
