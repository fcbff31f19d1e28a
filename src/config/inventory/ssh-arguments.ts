/**
 * Owns what zrun understands of arguments to ssh, as inventories give them in ansible_ssh_common_args: what names the
 * way to a host. zrun has an SSH client of its own; what else belongs to a host stands in ~/.ssh/config.
 */
import { wordsOf } from './shell-words.js';

export interface SshArguments {
  readonly port?: number;
  readonly user?: string;
  readonly privateKeyFile?: string;
  readonly knownHostsFile?: string;
  readonly proxyJump?: string;
  readonly proxyCommand?: string;
}

type ReadSshArguments =
  | { readonly arguments: SshArguments; readonly notes: readonly string[] }
  /** The argument that would change what happens, and that zrun cannot follow. */
  | { readonly refused: string; readonly hint?: string };

/**
 * Flags that take no value and change nothing that zrun does: compression, quiet. Of a name's addresses it tries one
 * after the other, IPv4 and IPv6.
 */
const harmlessFlags = /^-[46CqvTtnx]+$/;

/** How the connection is kept and shared, which zrun does in its own way; or what OpenSSH alone prints. */
const harmlessOptions: readonly string[] = [
  'controlmaster',
  'controlpersist',
  'controlpath',
  'serveraliveinterval',
  'serveralivecountmax',
  'tcpkeepalive',
  'connecttimeout',
  'connectionattempts',
  'compression',
  'loglevel',
  'batchmode',
  'identitiesonly',
  'preferredauthentications',
  'passwordauthentication',
  'kbdinteractiveauthentication',
  'pubkeyauthentication',
  'gssapiauthentication',
  'requesttty',
  'escapechar',
  'updatehostkeys',
  'checkhostip',
  'visualhostkey',
];

const hostKeyNote = 'host keys are always checked; --accept-new-host-keys trusts hosts that are new';

export function readSshArguments(text: string): ReadSshArguments {
  const split = wordsOf(text);
  if ('quote' in split) return { refused: text, hint: `this ${split.quote} is never closed` };
  const words = split.map((word) => word.text);
  const notes = new Set<string>();
  let found: SshArguments = {};
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    if (harmlessFlags.test(word)) continue;
    const flag = /^-([JpliFo])(.*)$/.exec(word);
    if (!flag) return { refused: word };
    const [, letter = '', attached = ''] = flag;
    const value = attached === '' ? words[(i += 1)] : attached;
    if (value === undefined) return { refused: word, hint: 'nothing stands behind it' };
    const read = letter === 'o' ? readOption(value, notes) : readFlag(letter, value);
    if ('refused' in read) return read;
    found = { ...read, ...found };
  }
  return { arguments: found, notes: [...notes] };
}

function readFlag(letter: string, value: string): SshArguments | { readonly refused: string } {
  switch (letter) {
    case 'J':
      return { proxyJump: value };
    case 'p':
      return /^\d+$/.test(value) ? { port: Number(value) } : { refused: `-p ${value}` };
    case 'l':
      return { user: value };
    case 'i':
      return { privateKeyFile: value };
    default:
      return { refused: `-${letter} ${value}` };
  }
}

function readOption(
  written: string,
  notes: Set<string>,
): SshArguments | { readonly refused: string; readonly hint?: string } {
  const [, name = '', value = ''] = /^([A-Za-z0-9]+)\s*[= ]\s*"?(.*?)"?\s*$/.exec(written) ?? [];
  const refused = { refused: `-o ${written}` };
  switch (name.toLowerCase()) {
    case 'proxyjump':
      return { proxyJump: value };
    case 'proxycommand':
      return readProxyCommand(value) ?? (value === '' ? refused : { proxyCommand: value });
    case 'port':
      return /^\d+$/.test(value) ? { port: Number(value) } : refused;
    case 'user':
      return { user: value };
    case 'identityfile':
      return { privateKeyFile: value };
    case 'userknownhostsfile':
      if (value !== '/dev/null') return { knownHostsFile: value };
      notes.add(hostKeyNote);
      return {};
    case 'stricthostkeychecking':
      if (!/^(?:yes|ask)$/i.test(value)) notes.add(hostKeyNote);
      return {};
    case 'forwardagent':
      if (/^no$/i.test(value)) return {};
      return { ...refused, hint: 'zrun forwards no agent: what needs one on the host fails there' };
    default:
      return harmlessOptions.includes(name.toLowerCase()) ? {} : refused;
  }
}

/** `ssh -W %h:%p user@bastion`, which is what ProxyJump is a shorter word for. */
function readProxyCommand(command: string): SshArguments | undefined {
  if (command === 'none') return {};
  const split = wordsOf(command);
  if ('quote' in split) return undefined;
  const [program, ...words] = split.map((word) => word.text);
  if (program === undefined || !/^(?:.*\/)?ssh$/.test(program)) return undefined;
  const options: string[] = [];
  const hosts: string[] = [];
  let forwards = false;
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    if (/^-W/.test(word)) forwards = (word === '-W' ? words[(i += 1)] : word.slice(2)) === '%h:%p';
    else if (/^-[plo]$/.test(word)) options.push(word, words[(i += 1)] ?? '');
    else if (word.startsWith('-')) options.push(word);
    else hosts.push(word);
  }
  const [host, ...others] = hosts;
  if (!forwards || host === undefined || others.length > 0) return undefined;
  const read = readSshArguments(options.map((word) => `'${word}'`).join(' '));
  if ('refused' in read) return undefined;
  const { port, user, privateKeyFile, knownHostsFile, proxyJump } = read.arguments;
  // A key of the bastion's own cannot be said in ProxyJump; ~/.ssh/config can.
  if (privateKeyFile !== undefined || knownHostsFile !== undefined || proxyJump !== undefined)
    return undefined;
  const login = user === undefined || host.includes('@') ? host : `${user}@${host}`;
  return { proxyJump: port === undefined ? login : `${login}:${port}` };
}
