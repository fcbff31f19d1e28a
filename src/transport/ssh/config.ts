/**
 * Owns the user's ssh configuration: what it says for an address. `ssh -G` is asked where OpenSSH is installed, as
 * nothing else reads Include and Match as it does; else the files are read by the `ssh-config` package. We look into the
 * files ourselves to see whether one answer does for all hosts: 1,000 hosts take 0.1 seconds then, and 17 with a process
 * each.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { ZrunError } from '../../core/errors.js';
import { askProgram, type Answer } from '../../programs/ask.js';
import { octal, readOwnFile } from './read-file.js';
import { interrupted } from '../session.js';
import { rememberAlgorithms } from './algorithms.js';
import { settingsOf, type Raw, type SshQuery, type SshSettings } from './settings.js';
import { currentUser } from './user.js';

interface SshConfigOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly homedir: string;
  /** The OpenSSH client; for tests. */
  readonly ssh?: string | undefined;
  /** Ends what is still being asked. */
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds for one `ssh -G`, which may run `Match exec` commands. */
const askMs = 10_000;

/** A configuration takes some thousands. */
const maxBytes = 1024 * 1024;
const maxErrorBytes = 64 * 1024;

interface Asking extends SshConfigOptions {
  readonly signal: AbortSignal;
}

/** A reader that asks once for each address, user and port. Rejects with ZrunError `connect-failed` or `connect-timeout`. */
export function createSshConfig(given: SshConfigOptions): (query: SshQuery) => Promise<SshSettings> {
  const options: Asking = { ...given, signal: given.signal ?? new AbortController().signal };
  const known = new Map<string, Promise<SshSettings>>();
  const limit = pLimit(4);
  const algorithmsOf = rememberAlgorithms();
  let common: Promise<Common> | undefined;
  const settingsFor = async (query: SshQuery): Promise<SshSettings> => {
    common ??= askForAll(options);
    const { forAll, defaults } = await common;
    const raw = forAll ?? (await limit(() => ask(query, options)));
    return settingsOf(raw, query, { ...given, defaults, algorithmsOf });
  };
  return (query) => {
    const key = JSON.stringify([query.address, query.user, query.port]);
    const settings = known.get(key) ?? settingsFor(query);
    known.set(key, settings);
    return settings;
  };
}

/** What is asked once, whatever the address. */
interface Common {
  /** The one answer for every address, where the files do not tell addresses apart. */
  readonly forAll: Raw | undefined;
  /** What ssh has by itself, to tell it from what the user chose. Undefined: no file can name an algorithm. */
  readonly defaults: Raw | undefined;
}

/**
 * Reads the files just far enough to see what has to be asked. On most machines they do not tell addresses apart:
 * hundreds of hosts then cost one process.
 */
async function askForAll(options: Asking): Promise<Common> {
  const own = path.join(options.homedir, '.ssh', 'config');
  await checkOwnConfig(own);
  const included = '/etc/ssh/ssh_config.d';
  const names = await readdir(included).catch(() => []);
  const files = [own, '/etc/ssh/ssh_config'].concat(names.map((name) => path.join(included, name)));
  const lines = (await Promise.all(files.map(readOrEmpty)))
    .flatMap((text) => text.split('\n'))
    .map((line) => line.trim().toLowerCase())
    .filter((line) => !line.startsWith('#') && line !== `include ${included}/*.conf`);
  const tellsApart = (line: string): boolean =>
    /^(match|include|canonical\w*)\b|%/.test(line) ||
    (/^host\b/.test(line) && !/^host\s*[\s=]\s*\*$/.test(line));
  const mayNameAlgorithms = (line: string): boolean =>
    /^"?(include|ciphers|macs|kexalgorithms|hostkeyalgorithms|pubkeyaccepted\w*)\b/.test(line);
  const [forAll, defaults] = await Promise.all([
    lines.some(tellsApart) ? undefined : ask({ address: 'any-address.invalid' }, options),
    lines.some(mayNameAlgorithms) ? ask({ address: 'any-address.invalid' }, options, 'none') : undefined,
  ]);
  if (forAll === undefined) return { forAll, defaults };
  const withoutName = new Map(forAll);
  withoutName.delete('hostname');
  return { forAll: withoutName, defaults };
}

/** Asks ssh, or reads the files if there is none. `config` stands for the user's own file. */
async function ask(query: SshQuery, options: Asking, config?: string): Promise<Raw> {
  const { ssh = 'ssh', homedir, env, signal } = options;
  const args = ['-G'];
  // OpenSSH takes the home directory from the user database, whatever HOME says.
  const file = config ?? (homedir === currentUser().homedir ? undefined : await ownConfig(homedir));
  if (file !== undefined) args.push('-F', file);
  if (query.user !== undefined) args.push('-l', query.user);
  if (query.port !== undefined) args.push('-p', String(query.port));
  const answer = await askProgram(ssh, [...args, '--', query.address], {
    env,
    signal,
    limitMs: askMs,
    keep: { stdout: { bytes: maxBytes, over: 'refuse' }, stderr: { bytes: maxErrorBytes, over: 'cut' } },
  });
  if (answer.how === 'ended' && answer.status === 0) return parseAnswer(answer.stdout);
  if (answer.how === 'unstarted' && answer.cause.code === 'ENOENT')
    return config === 'none' ? new Map() : readFiles(query, homedir);
  if (signal.aborted) throw interrupted();
  throw noAnswer(ssh, query.address, answer);
}

function noAnswer(ssh: string, address: string, answer: Answer): ZrunError {
  if (answer.how === 'unstarted')
    return new ZrunError('connect-failed', `${ssh} cannot be run to read the ssh configuration`, {
      hint: 'Try it by hand: ssh -V',
      cause: answer.cause,
    });
  if (answer.how === 'stopped' && answer.why === 'late')
    return new ZrunError(
      'connect-timeout',
      `ssh -G ${address} did not say within ${askMs / 1000} seconds what the ssh configuration means`,
      {
        hint: 'A command of `Match exec` may hang, or a name server. Try it by hand.',
        stderr: answer.stderr,
      },
    );
  const why = answer.how === 'stopped' ? ': it prints without an end' : '';
  return new ZrunError('connect-failed', `ssh -G ${address} does not read the ssh configuration${why}`, {
    hint: 'Try it by hand; the same configuration must work with ssh itself.',
    stderr: answer.stderr,
    ...('status' in answer && { status: answer.status }),
  });
}

async function ownConfig(homedir: string): Promise<string> {
  const file = path.join(homedir, '.ssh', 'config');
  return (await readOrEmpty(file)) === '' ? 'none' : file;
}

/**
 * As ssh has it (readconf.c, read_config_file_depth): who can write to this file has commands run as the user. ssh does
 * not look where the file is named to it, as it is by us where HOME is not what the user database says.
 */
async function checkOwnConfig(file: string): Promise<void> {
  const found = await readOwnFile(file).catch(() => undefined);
  if (found === undefined) return;
  const { owner, mode } = found;
  const isOurs = owner === 0 || owner === currentUser().uid;
  if (isOurs && (mode & 0o022) === 0) return;
  const why = isOurs
    ? `others than its owner can write to it (mode ${octal(mode)})`
    : `it belongs to user id ${owner}`;
  throw new ZrunError('connect-failed', `${file} is not safe to read: ${why}`, {
    hint: isOurs
      ? `ssh refuses it too. Look at what it holds, then: chmod go-w ${file}`
      : 'ssh refuses it too: it must belong to you or to root. Is HOME the home folder of the user that runs zrun?',
  });
}

function parseAnswer(answer: string): Raw {
  const raw = new Map<string, string[]>();
  for (const line of answer.split('\n')) {
    const [, key = '', value = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (key === '') continue;
    const values = raw.get(key);
    if (values) values.push(value);
    else raw.set(key, [value]);
  }
  return raw;
}

async function readFiles(query: SshQuery, homedir: string): Promise<Raw> {
  const { parse } = await import('ssh-config');
  const texts = await Promise.all(
    [path.join(homedir, '.ssh', 'config'), '/etc/ssh/ssh_config'].map(readOrEmpty),
  );
  const computed = parse(texts.join('\n')).compute(
    { Host: query.address, ...(query.user !== undefined && { User: query.user }) },
    { ignoreCase: true, matchExec: false },
  );
  return new Map(
    Object.entries(computed).map(([key, value]) => [
      key.toLowerCase(),
      typeof value === 'string' ? [value] : value,
    ]),
  );
}

/** Empty where the file is not there or not ours to read. */
async function readOrEmpty(file: string): Promise<string> {
  try {
    return (await readOwnFile(file))?.text ?? '';
  } catch {
    return '';
  }
}
