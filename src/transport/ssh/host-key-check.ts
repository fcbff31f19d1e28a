/**
 * Owns the host key check of one run: the known_hosts files it has read, the decision, and the recording of new keys
 * where the user has asked for that.
 */
import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { ZrunError } from '../../core/errors.js';
import { makeFolder, whyUnreadable, whyUnwritable } from '../../core/local-files.js';
import {
  authoritiesFor,
  fingerprint,
  indexKnownHosts,
  judgeHostKey,
  knownHostsLine,
  parseKnownHosts,
  parseRevokedKeys,
  recordedTypes,
  shortKeyType,
  type KnownHost,
} from './known-hosts.js';
import { octal, readOwnFile } from './read-file.js';

interface HostKeyFiles {
  /** The first one is written to. */
  readonly user: readonly string[];
  readonly global: readonly string[];
  /** Of keys that are good for no host; see ssh_config(5), RevokedHostKeys. */
  readonly revoked: string | undefined;
  readonly hashNames: boolean;
}

export interface HostKeyCheck {
  /** Of the keys on record, as `ssh-ed25519`. */
  readonly recordedTypes: ReadonlySet<string>;
  /** Resolves where the key may be trusted. Rejects with ZrunError `host-key-unknown` or `host-key-changed`. */
  check(key: Buffer): Promise<void>;
}

export interface HostKeyStore {
  /** `host` is the name on record: HostKeyAlias, or the host's name. */
  checkOf(host: string, port: number, files: HostKeyFiles): Promise<HostKeyCheck>;
}

/** How lines are found in the files as they were when they were read. */
interface Index {
  readonly parts: readonly (readonly KnownHost[])[];
  readonly find: ReturnType<typeof indexKnownHosts>;
}

export function createHostKeyStore(acceptNew: boolean): HostKeyStore {
  const read = new Map<string, Promise<readonly KnownHost[]>>();
  const revoked = new Map<string, Promise<readonly Buffer[]>>();
  let recording: Promise<unknown> = Promise.resolve();
  const entriesAt = (file: string): Promise<readonly KnownHost[]> => {
    const known = read.get(file) ?? readKnownHosts(file);
    read.set(file, known);
    return known;
  };
  const revokedAt = (file: string): Promise<readonly Buffer[]> => {
    const known = revoked.get(file) ?? readRevokedKeys(file);
    revoked.set(file, known);
    return known;
  };
  const indices = new Map<string, Index>();
  const entriesOf = async (
    files: HostKeyFiles,
    host: string,
    port: number,
  ): Promise<readonly KnownHost[]> => {
    const names = [...files.user, ...files.global];
    const parts = await Promise.all(names.map(entriesAt));
    const key = JSON.stringify(names);
    let index = indices.get(key);
    // Recording a key leaves a new list.
    if (index === undefined || parts.some((part, i) => part !== index?.parts[i])) {
      index = { parts, find: indexKnownHosts(parts.flat()) };
      indices.set(key, index);
    }
    return index.find(host, port);
  };

  const record = async (host: string, port: number, key: Buffer, files: HostKeyFiles): Promise<void> => {
    const file = files.user[0];
    if (file === undefined)
      throw new ZrunError('host-key-unknown', 'there is no known_hosts file to record a key in', {
        hint: 'Set UserKnownHostsFile in the ssh configuration.',
      });
    // Another connection to the same host may have been here first.
    const { verdict } = judgeHostKey(await entriesOf(files, host, port), host, port, key);
    if (verdict === 'known') return;
    const line = knownHostsLine(host, port, key, files.hashNames);
    const text = await appendLine(file, line).catch((error: unknown) => {
      throw new ZrunError(
        'host-key-unknown',
        `the host key of ${nameOf(host, port)} cannot be written to ${file}: ${whyUnwritable(error)}`,
        { hint: 'Set UserKnownHostsFile in the ssh configuration to a file of yours.', cause: error },
      );
    });
    read.set(file, Promise.resolve(parseKnownHosts(text, file)));
  };

  return {
    async checkOf(host, port, files) {
      return {
        recordedTypes: recordedTypes(await entriesOf(files, host, port), host, port),
        async check(key) {
          if (
            files.revoked !== undefined &&
            (await revokedAt(files.revoked)).some((each) => each.equals(key))
          )
            throw changedKey(host, port, key, { verdict: 'revoked', at: files.revoked });
          const entries = await entriesOf(files, host, port);
          const judged = judgeHostKey(entries, host, port, key);
          if (judged.verdict === 'known') return;
          if (judged.verdict === 'unknown') {
            if (!acceptNew) throw unknownKey(host, port, key, files, authoritiesFor(entries, host, port));
            const recorded = recording.then(() => record(host, port, key, files));
            recording = recorded.catch(() => undefined);
            await recorded;
            return;
          }
          throw changedKey(host, port, key, judged);
        },
      };
    },
  };
}

/** Returns the whole text. Throws as making a folder, reading and writing do. */
async function appendLine(file: string, line: string): Promise<string> {
  makeFolder(path.dirname(file), 0o700);
  const before = (await readOwnFile(file))?.text ?? '';
  const glue = before === '' || before.endsWith('\n') ? '' : '\n';
  await appendFile(file, `${glue}${line}\n`, { mode: 0o600 });
  return `${before}${glue}${line}\n`;
}

/** Empty where there is no such file or it is not ours to read, as with ssh. */
async function readKnownHosts(file: string): Promise<readonly KnownHost[]> {
  const found = await readOwnFile(file).catch(() => undefined);
  if (found === undefined) return [];
  if (found.isRegular && (found.mode & 0o002) !== 0)
    throw new ZrunError(
      'host-key-unknown',
      `anybody on this machine can write to ${file} (mode ${octal(found.mode)}), so it proves no host key`,
      { hint: `Look at what it holds, then: chmod o-w ${file}` },
    );
  return parseKnownHosts(found.text, file);
}

/** Without the list every key may be one of it, so ssh refuses all hosts then (ssh_config(5)). */
async function readRevokedKeys(file: string): Promise<readonly Buffer[]> {
  const refuse = (why: string, hint?: string, cause?: unknown): ZrunError =>
    new ZrunError('connect-failed', `RevokedHostKeys of the ssh configuration names ${file}, ${why}`, {
      hint: hint ?? 'No host key is trusted without it, as with ssh. Mend the file, or take the setting out.',
      cause,
    });
  let text: string | undefined;
  try {
    text = (await readOwnFile(file))?.text;
  } catch (error) {
    throw refuse(`which cannot be read: ${whyUnreadable(error)}`, undefined, error);
  }
  if (text === undefined) throw refuse('which is not there');
  const keys = parseRevokedKeys(text);
  if (keys !== undefined) return keys;
  throw refuse(
    'a binary list (KRL), which zrun cannot read',
    'Name a text file with one public key a line instead; ssh reads both.',
  );
}

function unknownKey(
  host: string,
  port: number,
  key: Buffer,
  files: HostKeyFiles,
  authorities: readonly string[],
): ZrunError {
  const file = files.user[0] ?? '~/.ssh/known_hosts';
  const portOption = port === 22 ? '' : `-p ${port} `;
  const certificates =
    authorities.length === 0
      ? ''
      : `zrun does not check host certificates, so the @cert-authority at ${authorities.join(' and ')} does not count. `;
  return new ZrunError(
    'host-key-unknown',
    `the host key of ${nameOf(host, port)} is not in ${file}: ${shortKeyType(key)} ${fingerprint(key)}`,
    {
      hint:
        certificates +
        `Compare that fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub), then ` +
        `ssh-keyscan ${portOption}${host} >> ${file}, or run once with --accept-new-host-keys.`,
    },
  );
}

function changedKey(
  host: string,
  port: number,
  key: Buffer,
  judged: { verdict: 'changed'; at: readonly string[] } | { verdict: 'revoked'; at: string },
): ZrunError {
  const shown = `${shortKeyType(key)} ${fingerprint(key)}`;
  if (judged.verdict === 'revoked')
    return new ZrunError(
      'host-key-changed',
      `${nameOf(host, port)} shows a host key that is revoked at ${judged.at}: ${shown}`,
      { hint: 'Somebody has declared this key stolen. Do not connect before you know why the host has it.' },
    );
  return new ZrunError(
    'host-key-changed',
    `the host key of ${nameOf(host, port)} is not the one at ${judged.at.join(' and ')}: it shows ${shown}`,
    {
      hint:
        'Either the host was reinstalled, or something stands between you and it. If you know it was installed ' +
        `anew: ssh-keygen -R '${port === 22 ? host : `[${host}]:${port}`}' -f ${judged.at[0]?.replace(/:\d+$/, '') ?? ''}`,
    },
  );
}

function nameOf(host: string, port: number): string {
  return port === 22 ? host : `${host} port ${port}`;
}
