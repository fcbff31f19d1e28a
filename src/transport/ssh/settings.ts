/**
 * Owns what an answer of the ssh configuration means: paths with their tokens and defaults. Pure but for the names of this
 * machine and of its user; the configuration is asked for by ssh-config.
 */
import os from 'node:os';
import path from 'node:path';
import { ZrunError } from '../../core/errors.js';
import type { Algorithms, AlgorithmSettings } from './algorithms.js';
import { currentUser } from './user.js';

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
  /** With its tokens. */
  readonly proxyCommand: string | undefined;
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

/** As `ssh -G` prints it: settings in small letters, with all that each was given. */
export type Raw = ReadonlyMap<string, readonly string[]>;

interface Reading {
  readonly env: NodeJS.ProcessEnv;
  readonly homedir: string;
  /** What ssh has by itself, to tell it from what the user chose. Undefined: the user has chosen no algorithm. */
  readonly defaults: Raw | undefined;
  readonly algorithmsOf: (address: string, settings: AlgorithmSettings) => Algorithms;
}

/** Throws ZrunError `connect-failed` for what zrun cannot do. */
export function settingsOf(
  raw: Raw,
  query: SshQuery,
  { env, homedir, defaults, algorithmsOf }: Reading,
): SshSettings {
  const one = (key: string): string | undefined => raw.get(key)?.[0];
  /** Undefined where it is ssh's own choice, and not the user's. */
  const chosen = (...keys: readonly string[]): string | undefined =>
    keys.filter((key) => defaults !== undefined && one(key) !== defaults.get(key)?.[0]).map(one)[0];
  const proxyCommand = one('proxycommand');
  if (one('proxyusefdpass') === 'yes')
    throw new ZrunError('connect-failed', `${query.address} has ProxyUseFdpass in the ssh configuration`, {
      hint: 'zrun cannot be handed a socket: take it out, and let ProxyCommand pass the bytes on.',
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
  const files = (key: string, otherwise: string): readonly string[] =>
    (raw.get(key) ?? [otherwise]).flatMap((value) => splitWords(value)).map(expand);
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
    proxyCommand: proxyCommand === 'none' ? undefined : proxyCommand,
    userKnownHostsFiles: files('userknownhostsfile', '~/.ssh/known_hosts ~/.ssh/known_hosts2'),
    globalKnownHostsFiles: files('globalknownhostsfile', '/etc/ssh/ssh_known_hosts'),
    hostKeyAlias: one('hostkeyalias'),
    hashKnownHosts: one('hashknownhosts') === 'yes',
    revokedHostKeys: revoked === undefined || revoked === 'none' ? undefined : expand(unquoted(revoked)),
    algorithms: algorithmsOf(query.address, {
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
