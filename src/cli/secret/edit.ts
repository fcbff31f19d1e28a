/**
 * Owns `zrun secret edit`: the text in clear is in a folder of memory while an editor has it, and gone afterwards.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ZrunError } from '../../core/errors.js';
import { isSealed, type Keyring } from '../../secrets/keyring.js';
import type { Environment } from '../environment.js';
import type { VerbWords } from '../verb-options.js';
import { openKeys, readKeyWords } from './keys.js';
import { findTarget, noTarget, sameTarget, sealWith, type Target } from './seal.js';
import { beginningOf, notSealed, readSecretFile, replaceFile } from './secret-file.js';

/** A file that is not there is made, where the options say what to encrypt it with. */
export async function editFile(words: VerbWords, environment: Environment): Promise<void> {
  const { cwd, stderr } = environment;
  const [name, ...others] = words.names;
  if (name === undefined || others.length > 0)
    throw new ZrunError('usage', name === undefined ? 'no file is named' : 'one file is edited at a time');
  const file = path.resolve(cwd, name);
  const isNew = !existsSync(file);
  const keys = await openKeys(readKeyWords(words), environment, { isNew });
  const { content, target, mode } = isNew
    ? { content: Buffer.alloc(0), target: await targetOfNew(words, environment, keys), mode: 0o600 }
    : await openToEdit(name, words, environment, keys);
  const edited = await letEdit(content, path.basename(name), environment);
  if (edited.equals(content)) {
    stderr.write(`${name}: ${isNew ? 'not made, since it is empty' : 'not changed'}\n`);
    return;
  }
  await replaceFile(file, name, await sealWith(edited, target), mode);
  stderr.write(`${name}: encrypted\n`);
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
): Promise<{ readonly content: Buffer; readonly target: Target; readonly mode: number }> {
  const file = await readSecretFile(name, environment.cwd);
  if (!isSealed(file.text)) throw notSealed(file);
  await keys.prepare(file.text);
  const opened = keys.open(file.text, beginningOf(file));
  const given = words.all('recipient').length > 0 || words.has('passphrase');
  const target = given
    ? await targetOfNew(words, environment, keys)
    : await sameTarget(file.text, opened, keys, name);
  return { content: opened.content, target, mode: file.mode };
}

/** What the editor leaves. Throws ZrunError where it fails, or is stopped: nothing is changed then. */
async function letEdit(content: Buffer, name: string, environment: Environment): Promise<Buffer> {
  const { env, stderr } = environment;
  const editor = env['VISUAL'] || env['EDITOR'] || 'vi';
  const memory = await findMemory(env);
  if (memory === undefined)
    stderr.write(
      `note: there is no folder in memory here (/dev/shm): while you edit, the text in clear is on the disk, in ${os.tmpdir()}\n`,
    );
  const folder = await mkdtemp(path.join(memory ?? os.tmpdir(), 'zrun-edit-'));
  try {
    const file = path.join(folder, name);
    await writeFile(file, content, { mode: 0o600, flag: 'wx' });
    await runEditor(editor, file, environment);
    return await readFile(file).catch(() => {
      throw new ZrunError('usage', `the editor (${editor}) left no file: nothing is changed`);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Linux's magic number of tmpfs and ramfs: statfs(2). */
const memoryTypes: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

async function findMemory(env: Environment['env']): Promise<string | undefined> {
  for (const folder of ['/dev/shm', env['XDG_RUNTIME_DIR']]) {
    if (!folder) continue;
    const found = await statfs(folder).catch(() => undefined);
    if (!found || !memoryTypes.has(found.type)) continue;
    // One that may not be written is none.
    const probe = await mkdtemp(path.join(folder, 'zrun-edit-')).catch(() => undefined);
    if (probe === undefined) continue;
    await rm(probe, { recursive: true, force: true });
    return folder;
  }
  return undefined;
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
      child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
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
