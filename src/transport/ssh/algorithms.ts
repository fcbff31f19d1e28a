/**
 * Owns which algorithms a connection may use: what zrun has and offers by itself, and what the ssh configuration allows.
 * Pure. Nothing that the configuration forbids is ever offered: where nothing is left, that is an error.
 */
import type { Algorithms as Ssh2Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm } from 'ssh2';
import { ZrunError } from '../../core/errors.js';
import { wildcard } from '../../core/glob.js';

/** What may be used, the first one that both sides have: in the configuration's order, or zrun's own. */
export interface Algorithms {
  readonly kex: readonly KexAlgorithm[];
  readonly ciphers: readonly CipherAlgorithm[];
  readonly macs: readonly MacAlgorithm[];
  readonly hostKeys: readonly HostKeyAlgorithm[];
  /** With which keys, and with which hash for RSA, a login may be signed. */
  readonly signatures: readonly string[];
}

/**
 * What the configuration says, as ssh_config(5) has it: a list, or `+`, `-`, `^` and a list. Undefined: nothing, so that
 * it is zrun's own choice.
 */
export type AlgorithmSettings = Readonly<Record<keyof Algorithms, string | undefined>>;

const modernKex = [
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
] as const;

const modernCiphers = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
  'chacha20-poly1305@openssh.com',
] as const;

const modernMacs = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
] as const;

const modernHostKeys = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

type HostKeyAlgorithm = (typeof modernHostKeys)[number] | 'ssh-rsa';

/** Of a setting: its name, what zrun offers by itself, and what it has besides where the configuration names it. */
interface Kind<T extends string> {
  readonly setting: string;
  readonly modern: readonly T[];
  readonly others: readonly T[];
}

const kinds = {
  kex: {
    setting: 'KexAlgorithms',
    modern: modernKex,
    others: [
      'diffie-hellman-group-exchange-sha1',
      'diffie-hellman-group14-sha1',
      'diffie-hellman-group1-sha1',
    ],
  } satisfies Kind<KexAlgorithm>,
  ciphers: {
    setting: 'Ciphers',
    modern: modernCiphers,
    others: ['aes256-cbc', 'aes192-cbc', 'aes128-cbc', '3des-cbc'],
  } satisfies Kind<CipherAlgorithm>,
  macs: {
    setting: 'MACs',
    modern: modernMacs,
    others: ['hmac-sha1-etm@openssh.com', 'hmac-sha1', 'hmac-sha1-96', 'hmac-md5'],
  } satisfies Kind<MacAlgorithm>,
  hostKeys: {
    setting: 'HostKeyAlgorithms',
    modern: modernHostKeys,
    others: ['ssh-rsa'],
  } satisfies Kind<HostKeyAlgorithm>,
  // ssh-rsa here means a signature by SHA-1, which zrun does not make.
  signatures: {
    setting: 'PubkeyAcceptedAlgorithms',
    modern: modernHostKeys,
    others: [],
  } satisfies Kind<HostKeyAlgorithm>,
} as const;

/** Chooses once for all addresses that the configuration says the same of. */
export function rememberAlgorithms(): typeof allowedAlgorithms {
  const known = new Map<string, Algorithms>();
  return (address, settings) => {
    const key = JSON.stringify(settings);
    const algorithms = known.get(key) ?? allowedAlgorithms(address, settings);
    known.set(key, algorithms);
    return algorithms;
  };
}

/** What the settings allow. Throws ZrunError `connect-failed` where zrun has nothing of what one allows. */
export function allowedAlgorithms(address: string, settings: AlgorithmSettings): Algorithms {
  return {
    kex: allowed<KexAlgorithm>(address, kinds.kex, settings.kex),
    ciphers: allowed<CipherAlgorithm>(address, kinds.ciphers, settings.ciphers),
    macs: allowed<MacAlgorithm>(address, kinds.macs, settings.macs),
    hostKeys: allowed<HostKeyAlgorithm>(address, kinds.hostKeys, settings.hostKeys),
    signatures: allowed<HostKeyAlgorithm>(address, kinds.signatures, settings.signatures),
  };
}

function allowed<T extends string>(
  address: string,
  { setting, modern, others }: Kind<T>,
  value: string | undefined,
): readonly T[] {
  if (value === undefined) return modern;
  const all = [...modern, ...others];
  const matching = (text: string): readonly T[] => {
    const patterns = text.split(',').map((each) => each.trim());
    // In the order of the list, as the first one that both sides have is taken.
    return [...new Set(patterns.flatMap((pattern) => all.filter(wildcard(pattern))))];
  };
  const list = value.slice(1);
  const chosen = value.startsWith('+')
    ? [...new Set([...modern, ...matching(list)])]
    : value.startsWith('-')
      ? modern.filter((one) => !matching(list).includes(one))
      : value.startsWith('^')
        ? [...new Set([...matching(list), ...modern])]
        : matching(value);
  if (chosen.length > 0) return chosen;
  throw new ZrunError(
    'connect-failed',
    `${setting} of the ssh configuration leaves nothing for ${address} that zrun has: ${value}`,
    { hint: `Allow one of these for it: ${all.join(', ')}.` },
  );
}

/** The host key algorithms to ask for: those of the key types on record first, so that a known key is shown. */
export function hostKeysInOrder(
  types: ReadonlySet<string>,
  { hostKeys }: Algorithms,
): readonly HostKeyAlgorithm[] {
  const isKnown = (algorithm: HostKeyAlgorithm): boolean =>
    types.has(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return [...hostKeys.filter(isKnown), ...hostKeys.filter((each) => !isKnown(each))];
}

/** As ssh2 takes them. */
export function ssh2Algorithms(
  { kex, ciphers, macs }: Algorithms,
  hostKeys: readonly HostKeyAlgorithm[],
): Ssh2Algorithms {
  return { kex: [...kex], cipher: [...ciphers], hmac: [...macs], serverHostKey: [...hostKeys] };
}

/**
 * How a login may be signed by a key of this type: by the type itself, or for RSA with these hashes (RFC 8332; never
 * SHA-1, as OpenSSH has it since 8.8). Empty: not at all.
 */
export function signaturesFor(keyType: string, { signatures }: Algorithms): readonly string[] {
  const possible = keyType === 'ssh-rsa' ? ['rsa-sha2-256', 'rsa-sha2-512'] : [keyType];
  return possible.filter((name) => signatures.includes(name));
}
