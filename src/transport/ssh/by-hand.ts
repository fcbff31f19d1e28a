/**
 * Owns how a person tries the same login with ssh itself: a command line that can be pasted. What the ssh configuration says,
 * ssh knows by itself; what the inventory and the command line say is written out.
 */
import type { SshTarget } from '../../core/host.js';
import { quoteArgv } from '../../core/shell.js';
import type { SshSettings } from './settings.js';

/**
 * Undefined where there is no such line: a ProxyCommand of the inventory's may hold what is nobody else's business, and ssh
 * without it would go another way.
 * @param jumpKey the jump host that leads there, as `user@host:port`
 */
export function loginByHand(
  { address, user, port, privateKeyFile, knownHostsFile, proxyJump, proxyCommand }: SshTarget,
  settings: Pick<SshSettings, 'user' | 'proxyJump'>,
  jumpKey: string | undefined,
): string | undefined {
  if (proxyCommand !== undefined) return undefined;
  // Of a chain of jump hosts, one after the first: only the way to it is known, and only if that is one step.
  const isInChain = jumpKey !== undefined && proxyJump === undefined && settings.proxyJump === undefined;
  if (isInChain && jumpKey.includes(' ')) return undefined;
  const jump = proxyJump ?? (isInChain ? jumpKey : undefined);
  return quoteArgv([
    'ssh',
    ...(jump === undefined ? [] : ['-J', jump]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(privateKeyFile === undefined ? [] : ['-i', privateKeyFile]),
    ...(knownHostsFile === undefined ? [] : ['-o', `UserKnownHostsFile=${knownHostsFile}`]),
    `${user ?? settings.user}@${address}`,
  ]);
}
