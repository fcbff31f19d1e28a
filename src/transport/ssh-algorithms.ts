/**
 * Owns which algorithms a connection may use: those that the ssh configuration allows and that ssh2 has. Pure. Sources:
 * ssh_config(5); ssh2's constants. SHA-1 is never among them.
 */
import type { CipherAlgorithm, KexAlgorithm, MacAlgorithm } from 'ssh2';
import { ZrunError } from '../core/errors.js';
import { matchesName, modernAlgorithms, type HostKeyAlgorithm } from './known-hosts.js';

export interface SshAlgorithms {
  readonly kex: readonly KexAlgorithm[];
  readonly cipher: readonly CipherAlgorithm[];
  readonly hmac: readonly MacAlgorithm[];
  readonly serverHostKey: readonly HostKeyAlgorithm[];
  /** Of keys that are offered: `ssh-ed25519`, `rsa-sha2-512`, … */
  readonly publicKey: readonly string[];
}

/** What zrun has, the one that it likes best first. */
const own = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group-exchange-sha256',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group15-sha512',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group17-sha512',
    'diffie-hellman-group18-sha512',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
    'chacha20-poly1305@openssh.com',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  serverHostKey: modernAlgorithms,
  publicKey: modernAlgorithms,
} as const satisfies SshAlgorithms;

/**
 * @param setting what the configuration says under a name: a list with commas, as `ssh -G` prints it whole, or as a file
 * has it, with `+`, `-` or `^` before it
 * @throws ZrunError `connect-failed` where a setting leaves nothing that zrun has
 */
export function chooseAlgorithms(setting: (name: string) => string | undefined): SshAlgorithms {
  return {
    kex: choose('KexAlgorithms', own.kex, setting),
    cipher: choose('Ciphers', own.cipher, setting),
    hmac: choose('MACs', own.hmac, setting),
    serverHostKey: choose('HostKeyAlgorithms', own.serverHostKey, setting),
    publicKey: choose('PubkeyAcceptedAlgorithms', own.publicKey, setting),
  };
}

/** The configuration's order holds where it leaves anything out; else zrun's own, which is the faster one. */
function choose<T extends string>(
  name: string,
  known: readonly T[],
  setting: (name: string) => string | undefined,
): readonly T[] {
  const said = setting(name);
  if (said === undefined || said === '') return known;
  const sign = /^[+^-]/.exec(said)?.[0];
  const listed = (sign === undefined ? said : said.slice(1)).split(',').map((each) => each.trim());
  // What `+` and `^` name beyond zrun's own it does not have; what `^` moves to the front is all that it does.
  if (sign === '+') return known;
  const named = listed.flatMap((pattern) => known.filter((each) => matchesName(pattern, each)));
  const isNamed = (each: T): boolean => named.includes(each);
  if (sign === '^') return [...new Set([...named, ...known])];
  const left = sign === '-' ? known.filter((each) => !isNamed(each)) : [...new Set(named)];
  if (left.length === 0)
    throw new ZrunError('connect-failed', `${name} in the ssh configuration leaves nothing that zrun has`, {
      hint: `It has ${known.join(', ')}. Allow one of them for this host.`,
    });
  return known.every((each) => left.includes(each)) ? known : left;
}
