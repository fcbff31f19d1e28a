/**
 * Owns for whom `zrun secret` encrypts, and that it does.
 */
import { existsSync } from 'node:fs';
import { ZrunError } from '../../core/errors.js';
import { keepSecret } from '../../core/secret.js';
import {
  encryptAge,
  isAgeRecipient,
  recipientKinds,
  recipientOf,
  normalizeArmor,
  decryptAge,
} from '../../secrets/age.js';
import type { Keyring, Opened } from '../../secrets/keyring.js';
import { readText, readVaultPassword, type VaultPassword, type VaultSource } from '../../secrets/sources.js';
import { encryptVault } from '../../secrets/vault.js';
import type { Environment } from '../environment.js';
import type { VerbWords } from '../verb-options.js';
import { askSecretTwice, keyFile, keyUser, parseVaultId } from './keys.js';

/** What encrypts a text. */
export type Target =
  | { readonly type: 'vault'; readonly password: VaultPassword }
  | { readonly type: 'age'; readonly recipients: readonly string[] }
  | { readonly type: 'passphrase'; readonly passphrase: string };

/** Ends with a line feed. */
export async function sealWith(content: Uint8Array, target: Target): Promise<string> {
  if (target.type === 'vault') return encryptVault(content, target.password.password, target.password.label);
  return await encryptAge(content, target);
}

/** The tag of a single value. */
export function tagOf(target: Target): '!vault' | '!age' {
  return target.type === 'vault' ? '!vault' : '!age';
}

/**
 * What the options say to encrypt with; undefined where they say nothing. `vault`: the passwords that count. Throws ZrunError
 * `usage`, `file-unreadable`, `interrupted`.
 */
export async function findTarget(
  words: VerbWords,
  environment: Environment,
  vault: () => Promise<readonly VaultPassword[]>,
): Promise<Target | undefined> {
  const recipients = await readRecipients(words.all('recipient'), environment);
  if (recipients.length > 0 && words.has('passphrase'))
    throw new ZrunError('usage', 'age encrypts for keys or with a passphrase, not with both', {
      hint: 'use one of --recipient and --passphrase',
    });
  if (recipients.length > 0) return { type: 'age', recipients };
  if (words.has('passphrase')) return { type: 'passphrase', passphrase: await askNew('age passphrase') };
  const passwords = await vault();
  const [label] = words.all('encrypt-vault-id');
  const [first, ...others] = label === undefined ? passwords : passwords.filter((one) => one.label === label);
  if (!first && label !== undefined)
    throw new ZrunError('usage', `there is no vault id '${label}'`, {
      hint: `give --vault-id ${label}@FILE`,
    });
  if (others.length > 0)
    throw new ZrunError('usage', 'several vault passwords are given, and nothing says which one encrypts', {
      hint: `add --encrypt-vault-id: ${[first, ...others].map((one) => one?.label).join(' or ')}`,
    });
  return first && { type: 'vault', password: first };
}

export function noTarget(): ZrunError {
  return new ZrunError('usage', 'nothing says what to encrypt with', {
    hint: 'for a key of age: -r age1…; with a passphrase: -p; as ansible-vault: --vault-password-file FILE or --ask-vault-pass',
  });
}

/** The new passwords of `rekey`. */
export async function newVaultPasswords(
  words: VerbWords,
  environment: Environment,
): Promise<readonly VaultPassword[]> {
  const sources: VaultSource[] = [
    ...words.all('new-vault-id').map((each) => parseVaultId(each, environment)),
    ...words.all('new-vault-password-file').map((each) => ({
      label: 'default',
      from: keyFile(each, environment),
    })),
  ];
  const read: VaultPassword[] = [];
  for (const source of sources)
    read.push(
      source.from === 'prompt'
        ? { label: source.label, password: await askNew(`new vault password (${source.label})`) }
        : await readVaultPassword(source, keyUser(environment)),
    );
  return read;
}

/**
 * What a text was encrypted with, to encrypt it so again. Throws ZrunError `usage` where an age text does not say for whom
 * it is.
 */
export async function sameTarget(
  sealed: string,
  { by }: Opened,
  keys: Keyring,
  name: string,
): Promise<Target> {
  if (by.type === 'vault') {
    const label = by.label ?? 'default';
    return { type: 'vault', password: { ...by.password, label } };
  }
  if (by.type === 'passphrase') return by;
  const armored = normalizeArmor(sealed);
  const kinds = recipientKinds(armored);
  if (kinds.length > 1)
    throw new ZrunError(
      'usage',
      `${name} is encrypted for ${kinds.length} keys, and does not say for which`,
      {
        hint: 'name all of them with -r: each key, or a file of them',
      },
    );
  for (const identity of await keys.ageIdentities()) {
    const opened = await decryptAge(armored, { identities: [identity], passphrases: [] });
    const recipient = opened.how === 'opened' ? await recipientOf(identity) : undefined;
    if (recipient !== undefined) return { type: 'age', recipients: [recipient] };
  }
  throw noTarget();
}

/** Asked twice, since nobody sees what is typed. */
export async function askNew(what: string): Promise<string> {
  const question = { about: `the ${what}`, otherwise: 'Run zrun in a terminal, or give a file.' };
  const capital = what.charAt(0).toUpperCase() + what.slice(1);
  for (let note = ''; ; note = 'It is empty. ') {
    const typed = await askSecretTwice({ ...question, text: `${note}${capital}: ` });
    if (typed === '') continue;
    keepSecret(typed);
    return typed;
  }
}

async function readRecipients(
  given: readonly string[],
  environment: Environment,
): Promise<readonly string[]> {
  const recipients: string[] = [];
  for (const each of given) {
    const source = keyFile(each, environment);
    const lines = existsSync(source.file)
      ? (await readText(source, 'file of recipients')).split('\n').map((line) => line.trim())
      : [each];
    for (const line of lines.filter((one) => one !== '' && !one.startsWith('#'))) {
      if (!(await isAgeRecipient(line))) throw noRecipient(line, each);
      recipients.push(line);
    }
  }
  return recipients;
}

function noRecipient(line: string, given: string): ZrunError {
  if (line.startsWith('AGE-SECRET-KEY-')) {
    keepSecret(line);
    return new ZrunError('usage', `-r is given a secret key, not what to encrypt for`, {
      hint: "it stands behind 'public key:' in the file of the key",
    });
  }
  const isSsh = line.startsWith('ssh-');
  return new ZrunError(
    'usage',
    `'${line}' ${line === given ? '' : `in ${given} `}is no key of age to encrypt for`,
    {
      hint: isSsh
        ? 'zrun does not encrypt for ssh keys: make a key with zrun secret keygen'
        : 'such a key begins with age1; a file of them must exist',
    },
  );
}
