/**
 * Owns how a login may be signed by a key that we hold: never in another way than the ssh configuration allows, and never
 * with SHA-1.
 */
import type { ParsedKey } from 'ssh2';
import { signaturesFor, type Algorithms } from './algorithms.js';

/** The hash that each of RSA's signatures is made with (RFC 8332). */
export const rsaHashes: Readonly<Record<string, 'sha256' | 'sha512'>> = {
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
};

/**
 * The key, as one that signs in no other way than is allowed; undefined if there is none. ssh2 takes the hash for RSA
 * from what the server says that it takes, and SHA-1 where it says nothing: such a login is refused here.
 */
export function signingAs(key: ParsedKey, algorithms: Algorithms): ParsedKey | undefined {
  const [signature, another] = signaturesFor(key.type, algorithms);
  if (signature === undefined) return undefined;
  const only = rsaHashes[signature];
  if (only === undefined) return key;
  const sign = (data: Buffer, hash?: string): Buffer | Error =>
    another === undefined ? key.sign(data, only) : isSha2(hash) ? key.sign(data, hash) : sha1Refused();
  const type = another === undefined ? signature : key.type;
  return Object.create(key, { type: { value: type }, sign: { value: sign } }) as ParsedKey;
}

export function isSha2(hash: string | undefined): hash is 'sha256' | 'sha512' {
  return hash === 'sha256' || hash === 'sha512';
}

export function sha1Refused(): Error {
  return new Error('the server takes RSA keys only with SHA-1, which is broken; use an Ed25519 key there');
}
