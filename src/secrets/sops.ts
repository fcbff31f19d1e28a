/**
 * Owns SOPS's values and its check of a whole file. What a file looks like, YAML or JSON, is for others to know. Source:
 * aes/cipher.go and sops.go of getsops/sops 3.10 (values by AES-256-GCM, bound to their path; a SHA-512 over all of them).
 */
import { createDecipheriv, createHash } from 'node:crypto';

type SopsPlain = string | number | boolean;

const encrypted = /^ENC\[AES256_GCM,data:(.*),iv:(.+),tag:(.+),type:(\w+)\]$/;

export function isSopsValue(text: string): boolean {
  return encrypted.test(text);
}

interface Decrypted {
  readonly text: string;
  /** `str`, `int`, `float`, `bool`, `bytes`, `time`. */
  readonly type: string;
}

/** Undefined where the key is another one, or the value was changed or moved. */
export function decryptSopsValue(value: string, key: Buffer, additional: string): Decrypted | undefined {
  const [, data = '', iv = '', tag = '', type = ''] = encrypted.exec(value) ?? [];
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'), { authTagLength: 16 });
    cipher.setAAD(Buffer.from(additional)).setAuthTag(Buffer.from(tag, 'base64'));
    const plain = Buffer.concat([cipher.update(Buffer.from(data, 'base64')), cipher.final()]);
    return { text: plain.toString('utf8'), type };
  } catch {
    return undefined;
  }
}

/** A value's own path, to which it is bound. Of lists, no index counts. */
export function sopsPath(path: readonly string[]): string {
  return `${path.join(':')}:`;
}

export function sopsPlain({ text, type }: Decrypted): SopsPlain {
  if (type === 'bool') return /^(?:1|t|true)$/i.test(text);
  const number = type === 'int' || type === 'float' ? Number(text) : undefined;
  // What JavaScript cannot hold exactly stays text, as it does in an inventory.
  if (number === undefined || !Number.isFinite(number)) return text;
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? text : number;
}

/** `echo -n sops | sha256sum`: what a check over encrypted values alone begins with. */
const onlyEncrypted = createHash('sha256').update('sops').digest();

export interface SopsMac {
  /** Of each value in the order of the file; `isEncrypted`: that it is not written as it is. */
  add(text: string, isEncrypted: boolean): void;
  /** Capital letters, hexadecimal. */
  finish(): string;
}

export function createSopsMac(countsOnlyEncrypted: boolean): SopsMac {
  const hash = createHash('sha512');
  if (countsOnlyEncrypted) hash.update(onlyEncrypted);
  return {
    add(text, isEncrypted) {
      if (isEncrypted || !countsOnlyEncrypted) hash.update(text);
    },
    finish: () => hash.digest('hex').toUpperCase(),
  };
}
