/**
 * Owns the host key check of one run: the known_hosts files it has read, the decision, and the recording of new keys
 * where the user has asked for that.
 */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ZrunError } from '../core/errors.js';
import {
  fingerprint,
  hostKeyAlgorithms,
  indexKnownHosts,
  judgeHostKey,
  knownHostsLine,
  parseKnownHosts,
  parseRevokedKeys,
  shortKeyType,
  type HostKeyAlgorithm,
  type KnownHost,
} from './known-hosts.js';
import { readOrEmpty } from './ssh-config.js';

export interface HostKeyFiles {
  /** The first one is written to. */
  readonly user: readonly string[];
  readonly global: readonly string[];
  readonly hashNames: boolean;
  /** RevokedHostKeys: keys of this file are refused, whatever known_hosts says. */
  readonly revoked: string | undefined;
  /** HostKeyAlgorithms, the best first. */
  readonly algorithms: readonly HostKeyAlgorithm[];
}

export interface HostKeyCheck {
  /** To be asked for, in this order. */
  readonly algorithms: readonly HostKeyAlgorithm[];
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
  let recording: Promise<unknown> = Promise.resolve();
  const entriesAt = (file: string): Promise<readonly KnownHost[]> => {
    const known = read.get(file) ?? readOrEmpty(file).then((text) => parseKnownHosts(text, file));
    read.set(file, known);
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
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const before = await readFile(file, 'utf8').catch(() => '');
    const line = knownHostsLine(host, port, key, files.hashNames);
    const glue = before === '' || before.endsWith('\n') ? '' : '\n';
    await appendFile(file, `${glue}${line}\n`, { mode: 0o600 });
    read.set(file, Promise.resolve(parseKnownHosts(`${before}${glue}${line}\n`, file)));
  };

  const revoked = new Map<string, Promise<readonly Buffer[]>>();
  const revokedAt = (file: string): Promise<readonly Buffer[]> => {
    const known = revoked.get(file) ?? readRevoked(file);
    revoked.set(file, known);
    return known;
  };

  return {
    async checkOf(host, port, files) {
      return {
        algorithms: hostKeyAlgorithms(await entriesOf(files, host, port), host, port, files.algorithms),
        async check(key) {
          if (
            files.revoked !== undefined &&
            (await revokedAt(files.revoked)).some((each) => each.equals(key))
          )
            throw changedKey(host, port, key, { verdict: 'revoked', at: files.revoked });
          const judged = judgeHostKey(await entriesOf(files, host, port), host, port, key);
          if (judged.verdict === 'known') return;
          if (judged.verdict === 'unknown') {
            if (!acceptNew) throw unknownKey(host, port, key, files);
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

/** As in ssh, no host is trusted where the file cannot be read (ssh_config(5), RevokedHostKeys). */
async function readRevoked(file: string): Promise<readonly Buffer[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new ZrunError(
      'host-key-unknown',
      `RevokedHostKeys ${file} cannot be read, so no host key is trusted`,
      {
        hint: 'Make the file, or take the setting out of the ssh configuration.',
        cause,
      },
    );
  }
  const keys = parseRevokedKeys(bytes);
  if (keys !== undefined) return keys;
  throw new ZrunError('host-key-unknown', `RevokedHostKeys ${file} is a KRL, which zrun cannot read`, {
    hint: 'Give a text file with a public key a line.',
  });
}

function unknownKey(host: string, port: number, key: Buffer, files: HostKeyFiles): ZrunError {
  const file = files.user[0] ?? '~/.ssh/known_hosts';
  const portOption = port === 22 ? '' : `-p ${port} `;
  return new ZrunError(
    'host-key-unknown',
    `the host key of ${nameOf(host, port)} is not in ${file}: ${shortKeyType(key)} ${fingerprint(key)}`,
    {
      hint:
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
        'Either the host was installed anew, or something stands between you and it. If you know it was installed ' +
        `anew: ssh-keygen -R '${port === 22 ? host : `[${host}]:${port}`}' -f ${judged.at[0]?.replace(/:\d+$/, '') ?? ''}`,
    },
  );
}

function nameOf(host: string, port: number): string {
  return port === 22 ? host : `${host} port ${port}`;
}
