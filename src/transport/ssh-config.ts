/**
 * Owns the user's ssh configuration: what it says for an address. `ssh -G` is asked where OpenSSH is installed, as
 * nothing else reads Include and Match as it does; else the files are read by the `ssh-config` package.
 */
import { readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import { ZrunError } from '../core/errors.js';
import { askProgram } from './ask-program.js';
import { octal, readOwnFile } from './read-file.js';
import { interrupted } from './session.js';
import { allowedAlgorithms, type Algorithms } from './ssh-algorithms.js';

/** What zrun heeds of a configuration. */
export interface SshSettings {
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** A socket's path; undefined: no agent. */
  readonly agentSocket: string | undefined;
  readonly proxyJump: string | undefined;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hostKeyAlias: string | undefined;
  readonly hashKnownHosts: boolean;
  readonly revokedHostKeys: string | undefined;
  readonly algorithms: Algorithms;
}

export interface SshQuery {
  readonly address: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
}

export interface SshConfigOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly homedir: string;
  /** The OpenSSH client; for tests. */
  readonly ssh?: string | undefined;
  /** Ends what is still being asked. */
  readonly signal?: AbortSignal | undefined;
}

let user: os.UserInfo<string> | undefined;

/** Asked of the user database once: it is needed for every path of every host. */
function currentUser(): os.UserInfo<string> {
  try {
    return (user ??= os.userInfo());
  } catch (cause) {
    throw new ZrunError('connect-failed', 'the user database of this machine does not know who runs zrun', {
      hint: 'ssh does not work for such a user either. In a container, start it as a user that /etc/passwd has.',
      cause,
    });
  }
}

/** Milliseconds for one `ssh -G`, which may run `Match exec` commands. */
const askMs = 10_000;

type Raw = ReadonlyMap<string, readonly string[]>;

interface Asking extends SshConfigOptions {
  readonly signal: AbortSignal;
}

/** A reader that asks once for each address, user and port. Rejects with ZrunError `connect-failed` or `connect-timeout`. */
export function createSshConfig(given: SshConfigOptions): (query: SshQuery) => Promise<SshSettings> {
  const options: Asking = { ...given, signal: given.signal ?? new AbortController().signal };
  const known = new Map<string, Promise<SshSettings>>();
  const limit = pLimit(4);
  let common: Promise<Common> | undefined;
  const settingsFor = async (query: SshQuery): Promise<SshSettings> => {
    common ??= askForAll(options);
    const { forAll, defaults } = await common;
    const raw = forAll ?? (await limit(() => ask(query, options)));
    return settingsOf(raw, defaults, query, options);
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

/** Asks ssh, or reads the files where there is none. `config` stands for the user's own file. */
async function ask(query: SshQuery, options: Asking, config?: string): Promise<Raw> {
  const { ssh = 'ssh', homedir, env, signal } = options;
  const args = ['-G'];
  // OpenSSH takes the home directory from the user database, whatever HOME says.
  const file = config ?? (homedir === currentUser().homedir ? undefined : await ownConfig(homedir));
  if (file !== undefined) args.push('-F', file);
  if (query.user !== undefined) args.push('-l', query.user);
  if (query.port !== undefined) args.push('-p', String(query.port));
  const answer = await askProgram(ssh, [...args, '--', query.address], { env, signal, limitMs: askMs });
  if (answer === 'absent') return config === 'none' ? new Map() : readFiles(query, homedir);
  if (answer === 'late') {
    if (signal.aborted) throw interrupted();
    throw new ZrunError(
      'connect-timeout',
      `ssh -G ${query.address} did not say within ${askMs / 1000} seconds what the ssh configuration means`,
      { hint: 'A command of `Match exec` may hang, or a name server. Try it by hand.' },
    );
  }
  if (answer.status === 0) return parseAnswer(answer.stdout);
  throw new ZrunError('connect-failed', `ssh -G ${query.address} does not read the ssh configuration`, {
    hint: 'Try it by hand; the same configuration must work with ssh itself.',
    stderr: answer.stderr,
    status: answer.status,
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

function settingsOf(
  raw: Raw,
  defaults: Raw | undefined,
  query: SshQuery,
  { env, homedir }: SshConfigOptions,
): SshSettings {
  const one = (key: string): string | undefined => raw.get(key)?.[0];
  /** Undefined where it is ssh's own choice, and not the user's. */
  const chosen = (...keys: readonly string[]): string | undefined =>
    keys.filter((key) => defaults !== undefined && one(key) !== defaults.get(key)?.[0]).map(one)[0];
  const proxyCommand = one('proxycommand');
  if (proxyCommand !== undefined && proxyCommand !== 'none')
    throw new ZrunError('connect-failed', `${query.address} has a ProxyCommand in the ssh configuration`, {
      hint: 'zrun cannot use ProxyCommand. Use ProxyJump there, or proxy_jump in the inventory.',
    });
  const localUser = currentUser().username;
  const user = query.user ?? one('user') ?? localUser;
  const port = query.port ?? Number(one('port') ?? 22);
  const hostName = (one('hostname') ?? query.address).replaceAll('%h', query.address).replaceAll('%%', '%');
  const expand = (text: string): string =>
    expandPath(text, env, homedir, {
      d: homedir,
      h: hostName,
      i: String(currentUser().uid),
      k: one('hostkeyalias') ?? query.address,
      l: os.hostname(),
      n: query.address,
      p: String(port),
      r: user,
      u: localUser,
    });
  const files = (key: string, defaults: string): readonly string[] =>
    (raw.get(key) ?? [defaults]).flatMap((value) => splitWords(value)).map(expand);
  const proxyJump = one('proxyjump');
  const revoked = one('revokedhostkeys');
  return {
    hostName,
    port,
    user,
    identityFiles: (raw.get('identityfile') ?? defaultIdentities)
      .filter((file) => file !== 'none')
      .map((file) => expand(unquoted(file))),
    identitiesOnly: one('identitiesonly') === 'yes',
    agentSocket: agentSocket(one('identityagent'), env, expand),
    proxyJump: proxyJump === 'none' ? undefined : proxyJump,
    userKnownHostsFiles: files('userknownhostsfile', '~/.ssh/known_hosts ~/.ssh/known_hosts2'),
    globalKnownHostsFiles: files('globalknownhostsfile', '/etc/ssh/ssh_known_hosts'),
    hostKeyAlias: one('hostkeyalias'),
    hashKnownHosts: one('hashknownhosts') === 'yes',
    revokedHostKeys: revoked === undefined || revoked === 'none' ? undefined : expand(unquoted(revoked)),
    algorithms: allowedAlgorithms(query.address, {
      kex: chosen('kexalgorithms'),
      ciphers: chosen('ciphers'),
      macs: chosen('macs'),
      hostKeys: chosen('hostkeyalgorithms'),
      signatures: chosen('pubkeyacceptedalgorithms', 'pubkeyacceptedkeytypes'),
    }),
  };
}

const defaultIdentities = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa'];

function agentSocket(
  setting: string | undefined,
  env: NodeJS.ProcessEnv,
  expand: (text: string) => string,
): string | undefined {
  if (setting === 'none') return undefined;
  if (setting === undefined || setting === 'SSH_AUTH_SOCK') return env['SSH_AUTH_SOCK'] ?? undefined;
  return setting.startsWith('$') && !setting.startsWith('${') ? env[setting.slice(1)] : expand(setting);
}

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, '$1');
}

function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** `~`, `%d` and its like, `${NAME}` (ssh_config(5), TOKENS). */
function expandPath(
  text: string,
  env: NodeJS.ProcessEnv,
  homedir: string,
  tokens: Readonly<Record<string, string>>,
): string {
  const expanded = text
    .replace(/%(.)/g, (all, letter: string) => (letter === '%' ? '%' : (tokens[letter] ?? all)))
    .replace(/\$\{(\w+)\}/g, (all, name: string) => env[name] ?? all);
  if (expanded.startsWith('~/')) return path.join(homedir, expanded.slice(2));
  // ssh -G has put its own idea of the home directory in already.
  const databaseHome = `${currentUser().homedir}/.ssh/`;
  return homedir !== currentUser().homedir && expanded.startsWith(databaseHome)
    ? path.join(homedir, '.ssh', expanded.slice(databaseHome.length))
    : expanded;
}

/** Empty where the file is not there or not ours to read. */
export async function readOrEmpty(file: string): Promise<string> {
  try {
    return (await readOwnFile(file))?.text ?? '';
  } catch {
    return '';
  }
}
