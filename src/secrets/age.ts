/**
 * Owns what zrun has of age: files and values that are encrypted for keys, or with a passphrase. The library is loaded when
 * the first of them is met. Knows no file and no place.
 */
import type * as AgeLibrary from 'age-encryption';

const armorBegin = '-----BEGIN AGE ENCRYPTED FILE-----';
const armorEnd = '-----END AGE ENCRYPTED FILE-----';

/** What age's own files begin with, where they are not armored. */
export const ageMagic = 'age-encryption.org/v1';

export function isAgeText(text: string): boolean {
  return text.trimStart().startsWith(armorBegin);
}

/** Every armored text in a larger one, by the characters that count, with where it begins. */
export function findArmored(text: string): readonly { readonly armored: string; readonly index: number }[] {
  // A text in JSON has its line feeds written out.
  const found = text.matchAll(
    /-----BEGIN AGE ENCRYPTED FILE-----((?:\\[nr]|[\s\w+/=])*?)-----END AGE ENCRYPTED FILE-----/g,
  );
  return [...found].map(({ 1: body = '', index }) => ({ armored: armorBody(body), index }));
}

/** The same text whatever it is indented by. */
export function normalizeArmor(text: string): string {
  const body = text.trim().replace(armorBegin, '').replace(armorEnd, '');
  return armorBody(body);
}

function armorBody(body: string): string {
  const characters = body.replace(/\\[nr]|\s/g, '');
  const lines = characters.match(/.{1,64}/g) ?? [];
  return `${[armorBegin, ...lines, armorEnd].join('\n')}\n`;
}

/** A binary file as the armored text that says the same. */
export function armorBytes(bytes: Buffer): string {
  return armorBody(bytes.toString('base64'));
}

/** What an age text was encrypted for, as its header says: `X25519`, `scrypt`, `ssh-ed25519`, a plugin's. Empty: damaged. */
export function recipientKinds(armored: string): readonly string[] {
  const [header = ''] = bytesOf(armored).toString('latin1').split('\n---');
  return [...header.matchAll(/^-> (\S+)/gm)]
    .map(([, kind = '']) => kind)
    .filter((kind) => !kind.endsWith('-grease'));
}

export function isForPassphrase(armored: string): boolean {
  return recipientKinds(armored).includes('scrypt');
}

function bytesOf(armored: string): Buffer {
  return Buffer.from(armored.replace(armorBegin, '').replace(armorEnd, '').replace(/\s/g, ''), 'base64');
}

interface AgeKeys {
  /** `AGE-SECRET-KEY-…` */
  readonly identities: readonly string[];
  readonly passphrases: readonly string[];
}

export type AgeResult =
  | { readonly how: 'opened'; readonly content: Buffer }
  /** None of the keys is the one. */
  | { readonly how: 'no-key' }
  | { readonly how: 'damaged'; readonly why: string };

export async function decryptAge(armored: string, { identities, passphrases }: AgeKeys): Promise<AgeResult> {
  const age = await loadAge();
  const decrypter = new age.Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  for (const passphrase of passphrases) decrypter.addPassphrase(passphrase);
  try {
    return { how: 'opened', content: Buffer.from(await decrypter.decrypt(bytesOf(armored))) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return /no identity matched/.test(why) ? { how: 'no-key' } : { how: 'damaged', why };
  }
}

/** Armored. Throws the library's Error for what is no recipient. */
export async function encryptAge(
  content: Uint8Array,
  to: { readonly recipients: readonly string[] } | { readonly passphrase: string },
): Promise<string> {
  const age = await loadAge();
  const encrypter = new age.Encrypter();
  if ('passphrase' in to) encrypter.setPassphrase(to.passphrase);
  else for (const recipient of to.recipients) encrypter.addRecipient(recipient);
  return armorBytes(Buffer.from(await encrypter.encrypt(content)));
}

/** Whether the library takes it for a key to encrypt to. */
export async function isAgeRecipient(text: string): Promise<boolean> {
  const age = await loadAge();
  try {
    new age.Encrypter().addRecipient(text);
    return true;
  } catch {
    return false;
  }
}

/** A new key, and what to encrypt for it. */
export async function createAgeKey(): Promise<{ readonly identity: string; readonly recipient: string }> {
  const age = await loadAge();
  const identity = await age.generateX25519Identity();
  return { identity, recipient: await age.identityToRecipient(identity) };
}

/** What a key of ours is known by to those who encrypt. Undefined for what is no key. */
export async function recipientOf(identity: string): Promise<string | undefined> {
  const age = await loadAge();
  return age.identityToRecipient(identity).catch(() => undefined);
}

async function loadAge(): Promise<typeof AgeLibrary> {
  return await import('age-encryption');
}
