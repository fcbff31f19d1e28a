/**
 * Owns what known_hosts files mean: whether a host's key is the one that is on record, and how a new one is recorded.
 * Pure; the files are read and written by the host key check. Format: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { wildcard } from '../../core/glob.js';

export interface KnownHost {
  readonly marker: 'revoked' | 'cert-authority' | undefined;
  /** As written: names with commas, or one hashed name. */
  readonly names: string;
  /** As `ssh-ed25519`. */
  readonly type: string;
  readonly key: Buffer;
  /** `file:line` */
  readonly at: string;
}

type HostKeyVerdict =
  | { readonly verdict: 'known' }
  | { readonly verdict: 'unknown' }
  /** Another key is on record, in these places. */
  | { readonly verdict: 'changed'; readonly at: readonly string[] }
  | { readonly verdict: 'revoked'; readonly at: string };

/** Lines that make no sense are passed over, as ssh does. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split('\n').flatMap((line, i): readonly KnownHost[] => {
    const fields = line.trim().split(/\s+/);
    const marker = fields[0]?.startsWith('@') ? fields.shift()?.slice(1) : undefined;
    const [names, type, base64] = fields;
    if (names === undefined || names.startsWith('#') || type === undefined || base64 === undefined) return [];
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return [];
    const key = Buffer.from(base64, 'base64');
    if (keyType(key) === undefined) return [];
    return [{ marker, names, type, key, at: `${file}:${i + 1}` }];
  });
}

/** How known_hosts calls a host: the name alone for port 22, else `[name]:port`. */
function knownName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Whether a line is about a host, by its known name. */
export function isAbout(entry: KnownHost, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(entry.names);
  if (hashed) return hashName(name, Buffer.from(hashed[1] ?? '', 'base64')) === hashed[2];
  let isNamed = false;
  for (const { isNegated, matches } of patternsOf(entry)) {
    if (!matches(name)) continue;
    if (isNegated) return false;
    isNamed = true;
  }
  return isNamed;
}

interface NamePattern {
  readonly isNegated: boolean;
  readonly matches: (name: string) => boolean;
}

/** Thousands of hosts are compared with each other's lines. */
const patterns = new WeakMap<KnownHost, readonly NamePattern[]>();

function patternsOf(entry: KnownHost): readonly NamePattern[] {
  const known = patterns.get(entry);
  if (known !== undefined) return known;
  const made = entry.names
    .toLowerCase()
    .split(',')
    .map((pattern): NamePattern => {
      const isNegated = pattern.startsWith('!');
      return { isNegated, matches: wildcard(isNegated ? pattern.slice(1) : pattern) };
    });
  patterns.set(entry, made);
  return made;
}

/**
 * Finds the lines that are about a host, under its name with or without its port, without comparing all with all:
 * plain names are looked up, and only hashed ones, wildcards and lists are tried one by one.
 */
export function indexKnownHosts(
  entries: readonly KnownHost[],
): (host: string, port: number) => readonly KnownHost[] {
  const plain = new Map<string, KnownHost[]>();
  const others: KnownHost[] = [];
  const order = new Map(entries.map((entry, i) => [entry, i] as const));
  for (const entry of entries) {
    if (/[*?,!|]/.test(entry.names)) others.push(entry);
    else {
      const name = entry.names.toLowerCase();
      const known = plain.get(name);
      if (known) known.push(entry);
      else plain.set(name, [entry]);
    }
  }
  return (host, port) => {
    const names = [...new Set([knownName(host, port), knownName(host, 22)])];
    const found = names.flatMap((name) => plain.get(name) ?? []);
    for (const entry of others) if (names.some((name) => isAbout(entry, name))) found.push(entry);
    return found.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  };
}

/**
 * A key of another type than those on record counts as changed: we ask for the recorded types first, so a host that
 * still had one would have shown it.
 * Like ssh, a key on record for the name without its port is good for any port of it.
 */
export function judgeHostKey(
  entries: readonly KnownHost[],
  host: string,
  port: number,
  key: Buffer,
): HostKeyVerdict {
  const revoked = entries.find(
    (entry) =>
      entry.marker === 'revoked' &&
      entry.key.equals(key) &&
      (isAbout(entry, knownName(host, port)) || isAbout(entry, knownName(host, 22))),
  );
  if (revoked) return { verdict: 'revoked', at: revoked.at };
  const ofHost = entriesOf(entries, knownName(host, port));
  if (ofHost.some((entry) => entry.key.equals(key))) return { verdict: 'known' };
  if (ofHost.length > 0) return { verdict: 'changed', at: ofHost.map((entry) => entry.at) };
  if (entriesOf(entries, knownName(host, 22)).some((entry) => entry.key.equals(key)))
    return { verdict: 'known' };
  return { verdict: 'unknown' };
}

function entriesOf(entries: readonly KnownHost[], name: string): readonly KnownHost[] {
  return entries.filter((entry) => entry.marker === undefined && isAbout(entry, name));
}

/** The types of the keys on record for a host, as `ssh-ed25519`. */
export function recordedTypes(
  entries: readonly KnownHost[],
  host: string,
  port: number,
): ReadonlySet<string> {
  const ofHost = entriesOf(entries, knownName(host, port));
  const relevant = ofHost.length > 0 ? ofHost : entriesOf(entries, knownName(host, 22));
  return new Set(relevant.map((entry) => entry.type));
}

/** The lines that vouch for a host by an authority's key, as `file:line`. zrun does not check certificates. */
export function authoritiesFor(entries: readonly KnownHost[], host: string, port: number): readonly string[] {
  const names = [knownName(host, port), knownName(host, 22)];
  return entries
    .filter((entry) => entry.marker === 'cert-authority' && names.some((name) => isAbout(entry, name)))
    .map((entry) => entry.at);
}

/** Public keys, one a line, as in a file of ssh_config(5), RevokedHostKeys. Undefined: it is a binary list (KRL). */
export function parseRevokedKeys(text: string): readonly Buffer[] | undefined {
  if (text.startsWith('SSHKRL')) return undefined;
  return text.split('\n').flatMap((line): readonly Buffer[] => {
    if (line.trim().startsWith('#')) return [];
    const keys = line
      .trim()
      .split(/\s+/)
      .map((word) => Buffer.from(word, 'base64'));
    const key = keys.find((each) => keyType(each) !== undefined);
    return key === undefined ? [] : [key];
  });
}

/** A line, without its end, that records a key. */
export function knownHostsLine(host: string, port: number, key: Buffer, hashed: boolean): string {
  const name = knownName(host, port);
  const type = keyType(key) ?? 'unknown';
  if (!hashed) return `${name} ${type} ${key.toString('base64')}`;
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${hashName(name, salt)} ${type} ${key.toString('base64')}`;
}

/** As ssh prints it: `SHA256:…` */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a key's blob begins with (RFC 4253, 6.6); undefined if there is none. */
function keyType(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  if (length === 0 || length > 64 || key.length < 4 + length) return undefined;
  return key.toString('latin1', 4, 4 + length);
}

/** The type as people say it: `ED25519`. */
export function shortKeyType(key: Buffer): string {
  const type = keyType(key) ?? 'unknown';
  return (/ed25519|ecdsa|rsa|dss/.exec(type)?.[0] ?? type).toUpperCase();
}

function hashName(name: string, salt: Buffer): string {
  return createHmac('sha1', salt).update(name).digest('base64');
}
