/**
 * Owns where the keys of what is encrypted come from: options, the environment, and questions on the terminal.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { ZrunError } from '../../core/errors.js';
import { mask } from '../../core/secret.js';
import { visible } from '../../report/visible.js';
import { createKeyring, type Keyring } from '../../secrets/keyring.js';
import type { AskSecret, KeyFile, KeyUser, VaultSource } from '../../secrets/sources.js';
import type { Environment } from '../environment.js';
import { untilStopped } from '../interrupt.js';
import { ask, askTwice } from '../terminal.js';
import type { VerbWords } from '../verb-options.js';

/** What the command line says of keys. */
export interface KeyOptions {
  readonly vaultPasswordFiles: readonly string[];
  readonly askVaultPassword: boolean;
  /** `LABEL@FILE`, `LABEL@prompt`, or one without a label. */
  readonly vaultIds: readonly string[];
  readonly ageIdentities: readonly string[];
}

/** As commander reads them. */
export interface KeyWords {
  readonly vaultPasswordFile?: string[];
  readonly vaultPassFile?: string[];
  readonly askVaultPass?: true;
  readonly askVaultPassword?: true;
  readonly vaultId?: string[];
  readonly ageIdentity?: string[];
}

/** The options of keys, for every command that reads what may be encrypted. */
export function addKeyOptions(program: Command): Command {
  const collect = (value: string, previous: readonly string[] | undefined): string[] => [
    ...(previous ?? []),
    value,
  ];
  return program
    .addOption(
      new Option(
        '--vault-password-file <file>',
        "ansible-vault's password, or a program that prints it (or ZRUN_VAULT_PASSWORD_FILE)",
      ).argParser(collect),
    )
    .addOption(new Option('--vault-pass-file <file>').argParser(collect).hideHelp())
    .option('-J, --ask-vault-pass', 'ask for the vault password')
    .addOption(new Option('--ask-vault-password').hideHelp())
    .addOption(
      new Option('--vault-id <label@source>', 'the password of one vault id: a file or prompt').argParser(
        collect,
      ),
    )
    .addOption(
      new Option('--age-identity <file>', 'keys of age; repeatable (or ZRUN_AGE_IDENTITY)').argParser(
        collect,
      ),
    );
}

export function readKeyOptions(program: Command): KeyOptions {
  return keyOptionsOf(program.opts<KeyWords>());
}

export function keyOptionsOf(options: KeyWords): KeyOptions {
  return {
    vaultPasswordFiles: [...(options.vaultPasswordFile ?? []), ...(options.vaultPassFile ?? [])],
    askVaultPassword: (options.askVaultPass ?? options.askVaultPassword) === true,
    vaultIds: options.vaultId ?? [],
    ageIdentities: options.ageIdentity ?? [],
  };
}

/** The same options, for verbs that read their words by themselves. */
export const keyWords = {
  'vault-password-file': { type: 'string', multiple: true },
  'vault-pass-file': { type: 'string', multiple: true },
  'ask-vault-pass': { type: 'boolean', short: 'J' },
  'vault-id': { type: 'string', multiple: true },
  'age-identity': { type: 'string', multiple: true },
} as const;

export function readKeyWords(words: Pick<VerbWords, 'has' | 'all'>): KeyOptions {
  return {
    vaultPasswordFiles: [...words.all('vault-password-file'), ...words.all('vault-pass-file')],
    askVaultPassword: words.has('ask-vault-pass'),
    vaultIds: words.all('vault-id'),
    ageIdentities: words.all('age-identity'),
  };
}

export function isAnyKeyGiven({
  vaultPasswordFiles,
  askVaultPassword,
  vaultIds,
  ageIdentities,
}: KeyOptions): boolean {
  return askVaultPassword || vaultPasswordFiles.length + vaultIds.length + ageIdentities.length > 0;
}

/** The same keys, where the files have other names. */
export function renameKeyFiles(keys: KeyOptions, rename: (file: string) => string): KeyOptions {
  return {
    ...keys,
    vaultPasswordFiles: keys.vaultPasswordFiles.map(rename),
    ageIdentities: keys.ageIdentities.map(rename),
    vaultIds: keys.vaultIds.map((written) => {
      const { label, source } = splitVaultId(written);
      return isPrompt(source) ? written : `${label}@${rename(source)}`;
    }),
  };
}

const known = new WeakMap<KeyOptions, Keyring>();

/**
 * The keys of a command: the same ones whoever asks. What options name is read at once, so that a misspelt file is said
 * first; what the environment names is read when something is met that needs it. `isNew`: they are to encrypt with, so
 * that a password that is typed is typed twice. Throws ZrunError.
 */
export async function openKeys(
  options: KeyOptions,
  environment: Environment,
  { isNew = false } = {},
): Promise<Keyring> {
  const before = known.get(options);
  if (before) return before;
  const keys = createKeyring({
    vault: vaultSources(options, environment),
    ...ageSources(options, environment),
    ...keyUser(environment),
    ...(isNew && { ask: askSecretTwice }),
  });
  known.set(options, keys);
  const { vaultPasswordFiles, askVaultPassword, vaultIds, ageIdentities } = options;
  if (askVaultPassword || vaultPasswordFiles.length + vaultIds.length > 0) await keys.vaultPasswords();
  if (ageIdentities.length > 0) await keys.ageIdentities();
  return keys;
}

export function keyUser(environment: Environment): KeyUser {
  return {
    ask: askSecret,
    untilStopped: (work) => untilStopped(environment, work),
    warn: (message) => void environment.stderr.write(`warning: ${visible(mask(message))}\n`),
  };
}

/** For what is to be encrypted: a slip of the finger would lock it up for good. */
export const askSecretTwice: AskSecret = (question) =>
  askTwice({ ...question, echo: false }, question.text.replace(/: $/, ', once more: '));

/** A question whose answer is not shown. */
const askSecret: AskSecret = (question) => ask({ ...question, echo: false });

/** `--vault-id LABEL@SOURCE`. Throws ZrunError `usage`. */
export function parseVaultId(
  written: string,
  environment: Pick<Environment, 'cwd' | 'homeFolder'>,
): VaultSource {
  const { label, source } = splitVaultId(written);
  if (source === '')
    throw new ZrunError('usage', `--vault-id ${written} names no file and no prompt`, {
      hint: 'write LABEL@FILE or LABEL@prompt',
    });
  return { label, from: isPrompt(source) ? 'prompt' : keyFile(source, environment) };
}

function splitVaultId(written: string): { readonly label: string; readonly source: string } {
  const at = written.indexOf('@');
  return {
    label: at <= 0 ? 'default' : written.slice(0, at),
    source: at < 0 ? written : written.slice(at + 1),
  };
}

function isPrompt(source: string): boolean {
  return source === 'prompt' || source === 'prompt_ask_vault_pass';
}

export function keyFile(name: string, { cwd, homeFolder }: Pick<Environment, 'cwd' | 'homeFolder'>): KeyFile {
  const file = name.startsWith('~/') ? path.join(homeFolder, name.slice(2)) : path.resolve(cwd, name);
  return { file, shownAs: name };
}

function vaultSources(options: KeyOptions, environment: Environment): readonly VaultSource[] {
  const { env } = environment;
  const given: VaultSource[] = [
    ...options.vaultIds.map((each) => parseVaultId(each, environment)),
    ...options.vaultPasswordFiles.map((each) => ({ label: 'default', from: keyFile(each, environment) })),
    ...(options.askVaultPassword ? [{ label: 'default', from: 'prompt' } as const] : []),
  ];
  // Ansible's own name too: whoever has set it means these very files.
  const named = env['ZRUN_VAULT_PASSWORD_FILE'] || env['ANSIBLE_VAULT_PASSWORD_FILE'];
  if (named) given.push({ label: 'default', from: keyFile(named, environment) });
  return given;
}

/** As SOPS finds its keys, where nothing else names them. */
function ageSources(
  options: KeyOptions,
  environment: Environment,
): { readonly age: readonly KeyFile[]; readonly ageKeys: readonly { text: string; name: string }[] } {
  const { env, homeFolder } = environment;
  const named = env['ZRUN_AGE_IDENTITY'] || env['SOPS_AGE_KEY_FILE'];
  const age = [...options.ageIdentities, ...(named ? [named] : [])].map((each) => keyFile(each, environment));
  const text = env['SOPS_AGE_KEY'];
  const ageKeys = text ? [{ text, name: 'SOPS_AGE_KEY' }] : [];
  if (age.length + ageKeys.length > 0) return { age, ageKeys };
  const folder = env['XDG_CONFIG_HOME'] || path.join(homeFolder, '.config');
  const file = path.join(folder, 'sops', 'age', 'keys.txt');
  return { age: existsSync(file) ? [{ file, shownAs: file }] : [], ageKeys };
}
