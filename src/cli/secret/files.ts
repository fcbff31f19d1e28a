/**
 * Owns `zrun secret encrypt`, `decrypt` and `rekey`. All files are read, and opened, before the first is written.
 */
import path from 'node:path';
import { ZrunError } from '../../core/errors.js';
import { isSealed, type Keyring } from '../../secrets/keyring.js';
import type { Environment } from '../environment.js';
import type { VerbWords } from '../verb-options.js';
import { openKeys, readKeyWords } from './keys.js';
import { rekeyValues } from './values.js';
import { findTarget, newVaultPasswords, noTarget, sealWith, type Target } from './seal.js';
import { beginningOf, notSealed, readSecretFile, replaceFile, type ReadFile } from './secret-file.js';

export async function encryptFiles(words: VerbWords, environment: Environment): Promise<void> {
  const files = await readAll(words, environment);
  for (const { name, text } of files)
    if (isSealed(text)) throw new ZrunError('usage', `${name} is encrypted already`);
  const keys = await openKeys(readKeyWords(words), environment, { isNew: true });
  const target = await findTarget(words, environment, () => keys.vaultPasswords());
  if (!target) throw noTarget();
  const sealed: (readonly [ReadFile, string])[] = [];
  for (const file of files) sealed.push([file, await sealWith(file.bytes, target)]);
  for (const [file, text] of sealed)
    await put(file, text, words, environment, `encrypted ${describeTarget(target)}`);
}

export async function decryptFiles(words: VerbWords, environment: Environment): Promise<void> {
  const files = await readAll(words, environment);
  const keys = await openKeys(readKeyWords(words), environment);
  const opened: (readonly [ReadFile, Buffer])[] = [];
  for (const file of files) opened.push([file, await openWhole(file, keys)]);
  for (const [file, content] of opened) await put(file, content, words, environment, 'decrypted');
}

export async function rekeyFiles(words: VerbWords, environment: Environment): Promise<void> {
  const files = await readAll(words, environment);
  const keys = await openKeys(readKeyWords(words), environment);
  const opened: (readonly [ReadFile, Buffer | undefined])[] = [];
  for (const file of files)
    opened.push([file, isSealed(file.text) ? await openWhole(file, keys) : undefined]);
  const target = await findTarget(words, environment, () => newVaultPasswords(words, environment));
  if (!target)
    throw new ZrunError('usage', 'nothing says what to encrypt with from now on', {
      hint: 'give --new-vault-password-file, --new-vault-id, -r or -p',
    });
  const sealed: (readonly [ReadFile, string, string])[] = [];
  for (const [file, content] of opened) {
    if (content) sealed.push([file, await sealWith(content, target), 'rekeyed']);
    else {
      const { text, count } = await rekeyValues(file, keys, target);
      sealed.push([file, text, `rekeyed ${count} ${count === 1 ? 'value' : 'values'}`]);
    }
  }
  for (const [file, text, done] of sealed)
    await put(file, text, words, environment, `${done} ${describeTarget(target)}`);
}

/** Throws ZrunError `usage` where it is not encrypted, `decrypt-failed`. */
async function openWhole(file: ReadFile, keys: Keyring): Promise<Buffer> {
  if (!isSealed(file.text)) throw notSealed(file);
  await keys.prepare(file.text);
  return keys.open(file.text, beginningOf(file)).content;
}

async function readAll(words: VerbWords, { cwd }: Environment): Promise<readonly ReadFile[]> {
  const output = words.all('output');
  if (words.names.length === 0)
    throw new ZrunError('usage', 'no file is named', { hint: 'zrun secret --help shows how' });
  if (words.names.length > 1 && output.length > 0)
    throw new ZrunError('usage', '--output takes what comes of one file, and several are named');
  const files: ReadFile[] = [];
  for (const name of words.names) files.push(await readSecretFile(name, cwd));
  return files;
}

async function put(
  { file, name, mode }: ReadFile,
  content: string | Buffer,
  words: VerbWords,
  { cwd, stdout, stderr }: Environment,
  done: string,
): Promise<void> {
  const output = words.all('output').at(-1) ?? (name === '-' ? '-' : undefined);
  if (output === '-') {
    stdout.write(content);
    return;
  }
  const target = output === undefined ? file : path.resolve(cwd, output);
  await replaceFile(target, output ?? name, content, output === undefined ? mode : 0o600);
  stderr.write(`${output ?? name}: ${done}\n`);
}

function describeTarget(target: Target): string {
  if (target.type === 'passphrase') return 'with a passphrase, by age';
  if (target.type === 'age')
    return `for ${target.recipients.length === 1 ? '1 key' : `${target.recipients.length} keys`} of age`;
  const { label } = target.password;
  return `as ansible-vault${label === 'default' ? '' : `, vault id ${label}`}`;
}
