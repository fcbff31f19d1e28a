/**
 * Owns where keys and passwords come from: files, programs that print them, questions on the terminal. Each is read once.
 */
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ZrunError } from '../core/errors.js';
import { ownUid, whyUnreadable } from '../core/local-files.js';
import { keepSecret } from '../core/secret.js';
import { quote } from '../core/shell.js';
import { askProgram } from '../programs/ask.js';
import { ageMagic, armorBytes, decryptAge, isAgeText, isForPassphrase, normalizeArmor } from './age.js';

export interface KeyFile {
  /** Absolute. */
  readonly file: string;
  /** As the user wrote it. */
  readonly shownAs: string;
}

export interface VaultSource {
  /** The vault id; `default` where none is given. */
  readonly label: string;
  /** `prompt`: the user is asked. */
  readonly from: KeyFile | 'prompt';
}

interface SecretQuestion {
  readonly text: string;
  /** What it is for. */
  readonly about: string;
  /** What to do where there is no terminal. */
  readonly otherwise: string;
}

/** Throws ZrunError `usage` where nobody can be asked, `interrupted`. */
export type AskSecret = (question: SecretQuestion) => Promise<string>;

/** Whoever runs zrun: where what they have to say, or to be told, goes. */
export interface KeyUser {
  readonly ask: AskSecret;
  /** The signal ends the work when they stop zrun, and it rejects with `interrupted` then. */
  readonly untilStopped: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  readonly warn: (message: string) => void;
}

export interface VaultPassword {
  readonly label: string;
  readonly password: string;
}

/** Throws ZrunError `file-unreadable`, `usage`, `interrupted`. */
export async function readVaultPassword({ label, from }: VaultSource, user: KeyUser): Promise<VaultPassword> {
  const password =
    from === 'prompt'
      ? (await user.ask(vaultQuestion(label))).trim()
      : await readPasswordFile(from, label, user);
  if (password === '') {
    const where = from === 'prompt' ? 'the vault password' : `the vault password in ${from.shownAs}`;
    throw new ZrunError('usage', `${where} is empty`);
  }
  keepSecret(password);
  return { label, password };
}

function vaultQuestion(label: string): SecretQuestion {
  return {
    text: label === 'default' ? 'Vault password: ' : `Vault password (${label}): `,
    about: 'the vault password',
    otherwise: 'Use --vault-password-file, or ZRUN_VAULT_PASSWORD_FILE.',
  };
}

/** Milliseconds: a program may ask its user for a card or a fingerprint. */
const programMs = 120_000;

/** As in Ansible, what may be executed is run, and prints the password; one called `…-client` is told the vault id. */
async function readPasswordFile(
  { file, shownAs }: KeyFile,
  label: string,
  { untilStopped }: KeyUser,
): Promise<string> {
  if (!(await isProgram(file))) return (await readText({ file, shownAs }, 'vault password file')).trim();
  const isClient = path.parse(file).name.endsWith('-client');
  const answer = await untilStopped((signal) =>
    askProgram(file, isClient ? ['--vault-id', label] : [], {
      limitMs: programMs,
      signal,
      keep: { stdout: { bytes: 64 * 1024, over: 'refuse' }, stderr: { bytes: 16 * 1024, over: 'cut' } },
    }),
  );
  if (answer.how === 'stopped' && answer.why === 'aborted')
    throw new ZrunError('interrupted', `interrupted while ${shownAs} was waited for`);
  if (answer.how === 'ended' && answer.status === 0) return answer.stdout.replace(/^[\r\n]+|[\r\n]+$/g, '');
  const stderr = 'stderr' in answer ? answer.stderr.trim() : answer.cause.message;
  const why = answer.how === 'stopped' && answer.why === 'late' ? ` within ${programMs / 1000} s` : '';
  throw new ZrunError('file-unreadable', `${shownAs} is a program, and printed no vault password${why}`, {
    hint: 'Run it by hand. A file that is not a program must not be executable: chmod -x',
    ...(answer.how === 'ended' && { status: answer.status }),
    ...(stderr !== '' && { command: shownAs, stderr }),
  });
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** Throws ZrunError `file-unreadable`. */
export async function readText({ file, shownAs }: KeyFile, what: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    const why = whyUnreadable(error);
    throw new ZrunError('file-unreadable', `the ${what} '${shownAs}' cannot be read: ${why}`, {
      cause: error,
    });
  });
  const isBinaryAge = bytes.subarray(0, ageMagic.length).toString('latin1') === ageMagic;
  return isBinaryAge ? armorBytes(bytes) : bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/**
 * The keys of an age identity file, which may itself be encrypted with a passphrase. Throws ZrunError `file-unreadable`,
 * `usage`, `decrypt-failed`, `interrupted`.
 */
export async function readAgeIdentities(source: KeyFile, user: KeyUser): Promise<readonly string[]> {
  const text = await readText(source, 'age identity file');
  if (!isAgeText(text)) {
    await warnIfOpen(source, user);
    return identitiesIn(text, source.shownAs);
  }
  const armored = normalizeArmor(text);
  const { shownAs } = source;
  if (!isForPassphrase(armored))
    throw new ZrunError('decrypt-failed', `${shownAs} holds age keys that are encrypted for other keys`, {
      hint: 'Only identity files that are encrypted with a passphrase can be read.',
    });
  const passphrase = await user.ask({
    text: `Passphrase of ${shownAs}: `,
    about: `the passphrase of ${shownAs}`,
    otherwise: 'Run zrun in a terminal, or give a file with the key itself.',
  });
  keepSecret(passphrase);
  const opened = await decryptAge(armored, { identities: [], passphrases: [passphrase] });
  if (opened.how === 'opened') return identitiesIn(opened.content.toString('utf8'), shownAs);
  const why = opened.how === 'no-key' ? 'the passphrase is wrong' : `it is damaged (${opened.why})`;
  throw new ZrunError('decrypt-failed', `${shownAs} cannot be decrypted: ${why}`);
}

/** By the rule that ssh has for its keys. */
async function warnIfOpen({ file, shownAs }: KeyFile, { warn }: KeyUser): Promise<void> {
  const seen = await stat(file).catch(() => undefined);
  if (seen?.isFile() !== true || seen.uid !== ownUid() || (seen.mode & 0o077) === 0) return;
  const mode = (seen.mode & 0o7777).toString(8).padStart(4, '0');
  warn(`others than you can read ${shownAs}, which holds a key (mode ${mode}): chmod 600 ${quote(shownAs)}`);
}

/** Lines of keys, among comments. Throws ZrunError `decrypt-failed` for a key that zrun cannot use. */
export function identitiesIn(text: string, shownAs: string): readonly string[] {
  if (/^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(text))
    throw new ZrunError(
      'decrypt-failed',
      `${shownAs} is an ssh key, and zrun decrypts with age's own keys alone`,
      {
        hint: 'Make one (zrun secret keygen, or age-keygen), and encrypt for it as well.',
      },
    );
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  for (const [index, key] of keys.entries()) {
    keepSecret(key);
    if (/^AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]+$/.test(key)) continue;
    const isPlugin = key.startsWith('AGE-PLUGIN-');
    const what = isPlugin ? 'a key of an age plugin, which zrun cannot use' : 'no age key';
    throw new ZrunError('decrypt-failed', `${shownAs}: its key ${index + 1} is ${what}`, {
      hint: 'A key is a line that begins with AGE-SECRET-KEY-1.',
    });
  }
  if (keys.length === 0) throw new ZrunError('decrypt-failed', `${shownAs} holds no age key`);
  return keys;
}
