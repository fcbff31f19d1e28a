/**
 * Owns the user's ssh configuration: what it says for an address. `ssh -G` is asked where OpenSSH is installed, as
 * nothing else reads Include and Match as it does; else the files are read by the `ssh-config` package.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import { ZrunError } from '../core/errors.js';

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
}

let user: os.UserInfo<string> | undefined;

/** Asked of the user database once: it is needed for every path of every host. */
function currentUser(): os.UserInfo<string> {
  return (user ??= os.userInfo());
}

/** Milliseconds for one `ssh -G`, which may run `Match exec` commands. */
const askMs = 10_000;

type Raw = ReadonlyMap<string, readonly string[]>;

/** A reader that asks once for each address, user and port. Rejects with ZrunError `connect-failed`. */
export function createSshConfig(options: SshConfigOptions): (query: SshQuery) => Promise<SshSettings> {
  const known = new Map<string, Promise<SshSettings>>();
  const limit = pLimit(4);
  let common: Promise<Raw | undefined> | undefined;
  const settingsFor = async (query: SshQuery): Promise<SshSettings> => {
    common ??= askForAll(options);
    const raw = (await common) ?? (await limit(() => ask(query, options)));
    return settingsOf(raw, query, options);
  };
  return (query) => {
    const key = JSON.stringify([query.address, query.user, query.port]);
    const settings = known.get(key) ?? settingsFor(query);
    known.set(key, settings);
    return settings;
  };
}

/**
 * The one answer for every address, where the files do not tell addresses apart, as on most machines: hundreds of
 * hosts then cost one process. Undefined where they do.
 */
async function askForAll(options: SshConfigOptions): Promise<Raw | undefined> {
  const included = '/etc/ssh/ssh_config.d';
  const names = await readdir(included).catch(() => []);
  const files = [path.join(options.homedir, '.ssh', 'config'), '/etc/ssh/ssh_config'].concat(
    names.map((name) => path.join(included, name)),
  );
  const lines = (await Promise.all(files.map(readOrEmpty)))
    .flatMap((text) => text.split('\n'))
    .map((line) => line.trim().toLowerCase())
    .filter((line) => !line.startsWith('#') && line !== `include ${included}/*.conf`);
  const tellsApart = (line: string): boolean =>
    /^(match|include|canonical\w*)\b|%/.test(line) ||
    (/^host\b/.test(line) && !/^host\s*[\s=]\s*\*$/.test(line));
  if (lines.some(tellsApart)) return undefined;
  const raw = new Map(await ask({ address: 'any-address.invalid' }, options));
  raw.delete('hostname');
  return raw;
}

async function ask(query: SshQuery, options: SshConfigOptions): Promise<Raw> {
  const { ssh = 'ssh', homedir, env } = options;
  const args = ['-G'];
  // OpenSSH takes the home directory from the user database, whatever HOME says.
  if (homedir !== currentUser().homedir) args.push('-F', await ownConfig(homedir));
  if (query.user !== undefined) args.push('-l', query.user);
  if (query.port !== undefined) args.push('-p', String(query.port));
  const answer = await new Promise<string | undefined>((resolve, reject) => {
    execFile(ssh, [...args, '--', query.address], { env, timeout: askMs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') resolve(undefined);
      else
        reject(
          new ZrunError('connect-failed', `ssh -G ${query.address} does not read the ssh configuration`, {
            hint: 'Try it by hand; the same configuration must work with ssh itself.',
            stderr,
            cause: error,
          }),
        );
    });
  });
  return answer === undefined ? readFiles(query, homedir) : parseAnswer(answer);
}

async function ownConfig(homedir: string): Promise<string> {
  const file = path.join(homedir, '.ssh', 'config');
  return (await readOrEmpty(file)) === '' ? 'none' : file;
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

function settingsOf(raw: Raw, query: SshQuery, { env, homedir }: SshConfigOptions): SshSettings {
  const one = (key: string): string | undefined => raw.get(key)?.[0];
  const proxyCommand = one('proxycommand');
  if (proxyCommand !== undefined && proxyCommand !== 'none')
    throw new ZrunError('connect-failed', `${query.address} has a ProxyCommand in the ssh configuration`, {
      hint: 'zrun cannot use ProxyCommand. Use ProxyJump there, or zrun_proxy_jump in the inventory.',
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
  return {
    hostName,
    port,
    user,
    identityFiles: (raw.get('identityfile') ?? defaultIdentities)
      .filter((file) => file !== 'none')
      .map((file) => expand(file.replace(/^"(.*)"$/, '$1'))),
    identitiesOnly: one('identitiesonly') === 'yes',
    agentSocket: agentSocket(one('identityagent'), env, expand),
    proxyJump: proxyJump === 'none' ? undefined : proxyJump,
    userKnownHostsFiles: files('userknownhostsfile', '~/.ssh/known_hosts ~/.ssh/known_hosts2'),
    globalKnownHostsFiles: files('globalknownhostsfile', '/etc/ssh/ssh_known_hosts'),
    hostKeyAlias: one('hostkeyalias'),
    hashKnownHosts: one('hashknownhosts') === 'yes',
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
    return await readFile(file, 'utf8');
  } catch {
    return '';
  }
}
