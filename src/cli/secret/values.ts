/**
 * Owns single values of `zrun secret`: made by `encrypt-string`, found and made anew in YAML by `rekey`, and keys by `keygen`.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { isatty } from 'node:tty';
import { ZrunError, type Place } from '../../core/errors.js';
import { unwritable } from '../../core/local-files.js';
import { createAgeKey } from '../../secrets/age.js';
import type { Keyring } from '../../secrets/keyring.js';
import type { Environment } from '../environment.js';
import type { VerbWords } from '../verb-options.js';
import { openKeys, readKeyWords } from './keys.js';
import { askNew, findTarget, noTarget, sealWith, tagOf, type Target } from './seal.js';
import { notSealed, readSecretFile, type ReadFile } from './secret-file.js';

export async function encryptString(words: VerbWords, environment: Environment): Promise<void> {
  const { stdout, stderr, cwd } = environment;
  const [given, ...others] = words.names;
  if (others.length > 0)
    throw new ZrunError('usage', 'several texts are given', { hint: 'put one text in quotes' });
  const name = words.all('name').at(-1);
  if (name !== undefined && !/^[A-Za-z_]\w*$/.test(name))
    throw new ZrunError('usage', `'${name}' cannot be a variable's name`, {
      hint: 'use letters, digits and _, a letter first',
    });
  const keys = await openKeys(readKeyWords(words), environment, { isNew: true });
  const target = await findTarget(words, environment, () => keys.vaultPasswords());
  if (!target) throw noTarget();
  const isPiped = given === '-' || (given === undefined && !isatty(0));
  const text = isPiped ? await readInput(cwd) : (given ?? (await askNew('value')));
  if (given !== undefined && given !== '-')
    stderr.write("note: the text is in your shell's history now; without it, zrun asks for it\n");
  const sealed = await sealWith(Buffer.from(text), target);
  const key = name === undefined ? '' : `${name}: `;
  stdout.write(`${key}${tagOf(target)} |\n${indent(sealed, '  ')}`);
}

/** One line feed at the end is the tool's that wrote it. */
async function readInput(cwd: string): Promise<string> {
  const text = (await readSecretFile('-', cwd)).bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text !== '') return text;
  throw new ZrunError('usage', 'standard input is empty, and so no value', {
    hint: 'Write the value there, or call it in a terminal, where it asks.',
  });
}

function indent(text: string, by: string): string {
  return text.replace(/^(?=.)/gm, by);
}

/** Where a value begins: its line, up to the tag, and how the block is to be read. */
const valueLine = /^([ ]*)((?:- +)*)(.*?)!(vault(?:-encrypted)?|age)[ ]+([|>][-+0-9]*)[ ]*(?:#.*)?$/;

/** The same file with each value encrypted anew. Throws ZrunError `usage` if there is none, `decrypt-failed`. */
export async function rekeyValues(
  file: ReadFile,
  keys: Keyring,
  target: Target,
): Promise<{ readonly text: string; readonly count: number }> {
  await keys.prepare(file.text);
  const lines = file.text.split('\n');
  const written: string[] = [];
  let count = 0;
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    const found = valueLine.exec(line);
    if (!found) {
      if (!/^\s*#/.test(line) && /!(?:vault|age)\b/.test(line)) throw notBlock(file, i);
      written.push(line);
      continue;
    }
    const [, margin = '', , before = '', , style = ''] = found;
    const body = bodyOf(lines, i + 1, margin.length);
    const at = placeIn(file, i, line.indexOf('!'));
    const { content } = keys.open(body.text, at);
    const { padding } = body;
    written.push(
      `${line.slice(0, line.indexOf(before, margin.length) + before.length)}${tagOf(target)} ${style}`,
    );
    written.push(indent(await sealWith(content, target), padding).trimEnd());
    count += 1;
    i += body.count;
  }
  if (count === 0) throw notSealed(file);
  return { text: written.join('\n'), count };
}

/** The lines of a block, which stand deeper than the line that begins it. */
function bodyOf(
  lines: readonly string[],
  from: number,
  margin: number,
): { readonly text: string; readonly count: number; readonly padding: string } {
  let end = from;
  const depth = (line: string): number => line.length - line.trimStart().length;
  while (end < lines.length && (lines[end]?.trim() ?? '') !== '' && depth(lines[end] ?? '') > margin)
    end += 1;
  const body = lines.slice(from, end);
  const text = body.map((line) => line.trim()).join('\n');
  return { text: `${text}\n`, count: body.length, padding: ' '.repeat(depth(body[0] ?? '  x')) };
}

function placeIn({ name, text }: ReadFile, line: number, column: number): Place {
  const start = text.split('\n').slice(0, line).join('\n').length + (line === 0 ? 0 : 1) + column;
  return { source: { name, text }, start, end: start + 1 };
}

function notBlock(file: ReadFile, line: number): ZrunError {
  return new ZrunError('usage', 'this encrypted value is not written as a block', {
    at: placeIn(file, line, (file.text.split('\n')[line] ?? '').search(/!(?:vault|age)\b/)),
    hint: 'write !vault | and the text below it, deeper; or encrypt it anew (zrun secret encrypt-string)',
  });
}

export async function createKey(words: VerbWords, { cwd, stdout, stderr }: Environment): Promise<void> {
  const { identity, recipient } = await createAgeKey();
  const text = `# public key: ${recipient}\n${identity}\n`;
  const output = words.all('output').at(-1) ?? '-';
  if (output === '-') stdout.write(text);
  else
    try {
      writeFileSync(path.resolve(cwd, output), text, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      throw unwritable(output, error, { EEXIST: 'it is there, and a key is never overwritten' });
    }
  stderr.write(`encrypt for it with: -r ${recipient}\n`);
}
