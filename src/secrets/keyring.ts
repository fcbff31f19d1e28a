/**
 * Owns the keys of a run, and what they open: texts that ansible-vault or age encrypted, each decrypted once. Keys are read
 * and asked for when the first text is met that needs one. What cannot be opened is an error at its place.
 */
import { ZrunError, type Place } from '../core/errors.js';
import { keepSecret } from '../core/secret.js';
import {
  decryptAge,
  findArmored,
  isAgeText,
  isForPassphrase,
  normalizeArmor,
  recipientKinds,
  type AgeResult,
} from './age.js';
import {
  identitiesIn,
  readAgeIdentities,
  readVaultPassword,
  type AskSecret,
  type KeyFile,
  type KeyUser,
  type VaultPassword,
  type VaultSource,
} from './sources.js';
import { decryptVault, isVaultText, readVaultEnvelope, type VaultEnvelope } from './vault.js';

export interface KeySources extends KeyUser {
  readonly vault: readonly VaultSource[];
  readonly age: readonly KeyFile[];
  /** Keys as they are, with the name of where they stand: an environment's. */
  readonly ageKeys: readonly { readonly text: string; readonly name: string }[];
}

/** What a text was opened with. */
type OpenedWith =
  | { readonly type: 'vault'; readonly password: VaultPassword; readonly label: string | undefined }
  | { readonly type: 'age' }
  | { readonly type: 'passphrase'; readonly passphrase: string };

export interface Opened {
  readonly content: Buffer;
  readonly by: OpenedWith;
}

export interface Keyring {
  /**
   * Makes ready for all that is encrypted in this text, so that `open` can answer at once: reads keys, and asks for them.
   * Throws ZrunError where they cannot be had.
   */
  prepare(text: string): Promise<void>;
  /** Decrypts a text that stands in one that `prepare` has seen. Throws ZrunError `decrypt-failed` at the place. */
  open(sealed: string, at: Place): Opened;
  /** All passwords of vaults. */
  vaultPasswords(): Promise<readonly VaultPassword[]>;
  ageIdentities(): Promise<readonly string[]>;
  /** Nobody is asked from here on: what would have to be is an error. */
  stopAsking(): void;
}

export function isSealed(text: string): boolean {
  return isVaultText(text) || isAgeText(text);
}

export function createKeyring(sources: KeySources): Keyring {
  let isAsking = true;
  const passphrases: string[] = [];
  const openedAge = new Map<string, AgeResult & { readonly passphrase?: string }>();
  const openedVault = new Map<string, Opened | ZrunError>();
  let passwords: readonly VaultPassword[] = [];

  const ask: AskSecret = async (question) => {
    if (isAsking) return await sources.ask(question);
    throw new ZrunError('usage', `${question.about} is needed, and a run that is under way asks for none`, {
      hint: question.otherwise,
    });
  };
  const user: KeyUser = { ...sources, ask };
  const vaultPasswords = once(async () => {
    const read: VaultPassword[] = [];
    for (const source of sources.vault) read.push(await readVaultPassword(source, user));
    return (passwords = read);
  });
  const ageIdentities = once(async () => {
    const read = sources.ageKeys.flatMap(({ text, name }) => identitiesIn(text, name));
    for (const source of sources.age) read.push(...(await readAgeIdentities(source, user)));
    return read;
  });

  const openAge = async (armored: string): Promise<void> => {
    if (!isForPassphrase(armored)) {
      openedAge.set(
        armored,
        await decryptAge(armored, { identities: await ageIdentities(), passphrases: [] }),
      );
      return;
    }
    for (const passphrase of passphrases) {
      const result = await decryptAge(armored, { identities: [], passphrases: [passphrase] });
      if (result.how === 'no-key') continue;
      openedAge.set(armored, { ...result, passphrase });
      return;
    }
    const passphrase = await ask(passphraseQuestion);
    keepSecret(passphrase);
    passphrases.push(passphrase);
    const result = await decryptAge(armored, { identities: [], passphrases: [passphrase] });
    openedAge.set(armored, { ...result, passphrase });
  };

  return {
    async prepare(text) {
      if (text.includes('$ANSIBLE_VAULT;')) await vaultPasswords();
      for (const { armored } of findArmored(text)) if (!openedAge.has(armored)) await openAge(armored);
    },
    open(sealed, at) {
      if (isAgeText(sealed)) {
        const armored = normalizeArmor(sealed);
        const result = openedAge.get(armored) ?? { how: 'damaged', why: 'its end is missing' };
        if (result.how !== 'opened') throw explainAge(armored, result, sources, at);
        const { passphrase } = result;
        const by: OpenedWith =
          passphrase === undefined ? { type: 'age' } : { type: 'passphrase', passphrase };
        return { content: result.content, by };
      }
      const opened = openedVault.get(sealed) ?? openVault(sealed, passwords, at);
      openedVault.set(sealed, opened);
      if (opened instanceof ZrunError) throw opened;
      return opened;
    },
    vaultPasswords,
    ageIdentities,
    stopAsking() {
      isAsking = false;
    },
  };
}

/** For those who have no keys: what is encrypted is an error. */
export const noKeys: Keyring = createKeyring({
  vault: [],
  age: [],
  ageKeys: [],
  ask: ({ about, otherwise }) =>
    Promise.reject(new ZrunError('usage', `there is nobody to ask for ${about}`, { hint: otherwise })),
  untilStopped: (work) => work(new AbortController().signal),
  warn: () => undefined,
});

const passphraseQuestion = {
  text: 'Age passphrase: ',
  about: 'the age passphrase',
  otherwise: 'Encrypt it for a key instead, and give the key with --age-identity.',
};

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let under: Promise<T> | undefined;
  return () => (under ??= work());
}

function openVault(sealed: string, passwords: readonly VaultPassword[], at: Place): Opened | ZrunError {
  const envelope = readVaultEnvelope(sealed);
  if (typeof envelope === 'string')
    return locked(at, `this is encrypted by ansible-vault, and cannot be read: ${envelope}`);
  const { label = 'default' } = envelope;
  const inOrder = [
    ...passwords.filter((each) => each.label === label),
    ...passwords.filter((each) => each.label !== label),
  ];
  for (const password of inOrder) {
    const content = decryptVault(envelope, password.password);
    if (content) return { content, by: { type: 'vault', password, label: envelope.label } };
  }
  return explainVault(envelope, passwords, at);
}

function explainVault({ label }: VaultEnvelope, passwords: readonly VaultPassword[], at: Place): ZrunError {
  const whose = label === undefined ? '' : ` with the vault id '${label}'`;
  const give =
    label === undefined ? '--vault-password-file FILE or --ask-vault-pass' : `--vault-id ${label}@FILE`;
  if (passwords.length === 0)
    return locked(
      at,
      `this is encrypted by ansible-vault${whose}, and no vault password is given`,
      `give ${give}`,
    );
  const tried = passwords.map((each) => each.label).join(', ');
  const isGiven = label === undefined || passwords.some((each) => each.label === label);
  return locked(
    at,
    `no vault password that is given decrypts this (tried: ${tried}): it is another one's, or the text is damaged`,
    isGiven ? undefined : `its vault id is '${label}': give ${give}`,
  );
}

function explainAge(armored: string, result: AgeResult, sources: KeySources, at: Place): ZrunError {
  const kinds = recipientKinds(armored);
  if (result.how === 'damaged' || kinds.length === 0) {
    const why = result.how === 'damaged' ? result.why : 'its header is missing';
    return locked(at, `this is encrypted by age, and is damaged: ${why}`);
  }
  if (kinds.includes('scrypt')) return locked(at, 'the age passphrase does not decrypt this');
  if (kinds.every((kind) => kind.startsWith('ssh-')))
    return locked(
      at,
      'this is encrypted for ssh keys alone, and zrun decrypts with age keys',
      'encrypt it for an age key as well: age -R takes several recipients',
    );
  if (!kinds.some((kind) => kind === 'X25519' || kind === 'mlkem768x25519'))
    return locked(
      at,
      `this is encrypted for keys of another kind, which zrun does not have: ${kinds.join(', ')}`,
    );
  const files = [...sources.ageKeys.map(({ name }) => name), ...sources.age.map(({ shownAs }) => shownAs)];
  return files.length === 0
    ? locked(at, 'this is encrypted by age, and no age identity is given', 'give --age-identity FILE')
    : locked(
        at,
        `no age identity that is given decrypts this (tried: ${files.join(', ')})`,
        'give the right one with --age-identity FILE, or have it encrypted for yours',
      );
}

function locked(at: Place, message: string, hint?: string): ZrunError {
  return new ZrunError('decrypt-failed', message, { at, hint });
}
