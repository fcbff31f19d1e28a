/**
 * Owns the format of ansible-vault: texts that begin with `$ANSIBLE_VAULT;`, of versions 1.1 and 1.2. Knows no file and no
 * place. Source: the vault payload format 1.1 - 1.2 of Ansible's documentation (AES-256 in CTR mode, PKCS#7, HMAC-SHA-256,
 * keys by PBKDF2 with 10,000 rounds of SHA-256).
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  pbkdf2Sync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

export interface VaultEnvelope {
  /** The vault id that it was encrypted with, if it says so. */
  readonly label: string | undefined;
  readonly salt: Buffer;
  readonly hmac: Buffer;
  readonly encrypted: Buffer;
}

export function isVaultText(text: string): boolean {
  return /^\s*\$ANSIBLE_VAULT;/.test(text);
}

/** Undefined where it is damaged; a text says in which way it cannot be read. */
export function readVaultEnvelope(text: string): VaultEnvelope | string {
  const [header = '', ...lines] = text.trim().split(/\s*\n\s*/);
  const [, version = '', cipher = '', label] = header.split(';').map((part) => part.trim());
  if (version !== '1.1' && version !== '1.2')
    return `it has version ${version === '' ? 'none' : version} of the format, and zrun reads 1.1 and 1.2`;
  if (cipher !== 'AES256') return `it is encrypted with ${cipher}, and zrun reads AES256`;
  const [salt, hmac, encrypted] = fromHex(lines.join(''))?.toString('latin1').split('\n').map(fromHex) ?? [];
  if (!salt?.length || hmac?.length !== 32 || !encrypted?.length)
    return 'it is damaged: parts of it are missing';
  return { label: label === '' ? undefined : label, salt, hmac, encrypted };
}

/** Undefined where the password is another one, or the text is damaged: nobody can tell the two apart. */
export function decryptVault({ salt, hmac, encrypted }: VaultEnvelope, password: string): Buffer | undefined {
  const keys = deriveKeys(password, salt);
  const expected = createHmac('sha256', keys.hmac).update(encrypted).digest();
  if (!timingSafeEqual(expected, hmac)) return undefined;
  const cipher = createDecipheriv('aes-256-ctr', keys.cipher, keys.iv);
  const padded = Buffer.concat([cipher.update(encrypted), cipher.final()]);
  return padded.subarray(0, padded.length - (padded.at(-1) ?? 0));
}

/** As ansible-vault writes it: version 1.2 where it has a label. Ends with a line feed. */
export function encryptVault(content: Uint8Array, password: string, label: string | undefined): string {
  const salt = randomBytes(32);
  const keys = deriveKeys(password, salt);
  const padding = 16 - (content.length % 16);
  const cipher = createCipheriv('aes-256-ctr', keys.cipher, keys.iv);
  const encrypted = Buffer.concat([
    cipher.update(Buffer.concat([content, Buffer.alloc(padding, padding)])),
    cipher.final(),
  ]);
  const hmac = createHmac('sha256', keys.hmac).update(encrypted).digest();
  const inner = [salt, hmac, encrypted].map((part) => part.toString('hex')).join('\n');
  const lines =
    Buffer.from(inner)
      .toString('hex')
      .match(/.{1,80}/g) ?? [];
  const isDefault = label === undefined || label === 'default';
  const header = isDefault ? '$ANSIBLE_VAULT;1.1;AES256' : `$ANSIBLE_VAULT;1.2;AES256;${label}`;
  return `${[header, ...lines].join('\n')}\n`;
}

function deriveKeys(
  password: string,
  salt: Buffer,
): { readonly cipher: Buffer; readonly hmac: Buffer; readonly iv: Buffer } {
  const derived = pbkdf2Sync(password, salt, 10_000, 80, 'sha256');
  return { cipher: derived.subarray(0, 32), hmac: derived.subarray(32, 64), iv: derived.subarray(64) };
}

function fromHex(text: string): Buffer | undefined {
  return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text) ? Buffer.from(text, 'hex') : undefined;
}
