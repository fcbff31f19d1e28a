/**
 * Owns which keys a host is offered, and in which order: those of the agent that the configuration names, the other
 * ones of the agent, then key files. A host cuts us off after six refusals (sshd_config(5), MaxAuthTries), so no key
 * is offered twice.
 */
import type { AnyAuthMethod, ParsedKey } from 'ssh2';
import { ZrunError } from '../../core/errors.js';
import { whyUnreadable } from '../../core/local-files.js';
import { reveal, type Secret } from '../../core/secret.js';
import { quote } from '../../core/shell.js';
import { fingerprint, shortKeyType } from './known-hosts.js';
import { octal, readOwnFile } from './read-file.js';
import { agentOffering, listAgent, type AgentKey, type AgentKeys } from './agent.js';
import { signaturesFor } from './algorithms.js';
import { foreignKeysOf, foreignKind, typeOfKey } from './foreign-keys.js';
import type { SshSettings } from './settings.js';
import { signingAs } from './signing.js';
import { loadSsh2, type Ssh2 } from './ssh2.js';
import { currentUser } from './user.js';

export interface Credentials {
  /**
   * For one login. The signal ends what is asked of the agent, which may wait for its user for as long as it likes;
   * `onSign` hears whether it is being waited for.
   */
  methods(signal: AbortSignal, onSign: (isWaiting: boolean) => void): readonly AnyAuthMethod[];
  /** What is offered, for messages: `~/.ssh/id_rsa (RSA SHA256:…)`. */
  readonly offered: readonly string[];
  /** What is not, and why. */
  readonly passedOver: readonly string[];
}

type KeyFile =
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly why: string; readonly hint: string }
  | { readonly state: 'unsafe'; readonly mode: number }
  | { readonly state: 'encrypted'; readonly text: string; readonly publicKey: Buffer | undefined }
  | { readonly state: 'usable'; readonly key: ParsedKey; readonly publicKey: Buffer };

/**
 * A reader of keys that reads each file once. `privateKeyFile` is the one key that the user asked for, if they did;
 * it must be there. Rejects with ZrunError `key-unreadable`. The signal ends what is asked of agents.
 */
export function createKeyRing(
  ssh2: Ssh2,
  closing: AbortSignal,
  askPassphrase?: AskPassphrase,
): (user: string, settings: SshSettings, wanted: Wanted) => Promise<Credentials> {
  const files = new Map<string, Promise<KeyFile>>();
  const agents = new Map<string, Promise<AgentKeys>>();
  const fileAt = (path: string): Promise<KeyFile> => {
    const known = files.get(path) ?? readKeyFile(ssh2, path);
    files.set(path, known);
    return known;
  };
  const agentAt = (socket: string): Promise<AgentKeys> => {
    const known = agents.get(socket) ?? listAgent(ssh2, socket, closing);
    agents.set(socket, known);
    return known;
  };

  const unlocked = new Map<string, Promise<KeyFile>>();
  const unlock = async ({ path, file }: WantedKey): Promise<WantedKey> => {
    if (file.state !== 'encrypted' || !askPassphrase) return { path, file };
    const opening = unlocked.get(path) ?? openKeyFile(ssh2, path, file, askPassphrase);
    unlocked.set(path, opening);
    return { path, file: await opening };
  };

  return async (user, settings, { privateKeyFile, hasPassword }) => {
    const paths = privateKeyFile === undefined ? settings.identityFiles : [privateKeyFile];
    const found = await Promise.all(
      [...new Set(paths)].map(async (path) => ({ path, file: await fileAt(path) })),
    );
    const agent =
      settings.agentSocket === undefined
        ? { keys: [], problem: undefined }
        : await agentAt(settings.agentSocket);
    const { algorithms, agentSocket } = settings;
    const wanted = await unlockNeeded(found, agent, settings, { privateKeyFile, hasPassword }, unlock);
    const { ofAgent, ofFiles, offered, passedOver } = chooseKeys(wanted, agent, settings, privateKeyFile);
    if (ofAgent.length + ofFiles.length === 0 && !hasPassword && agentSocket !== undefined) {
      const foreign = await foreignKeysOf(agentSocket, closing);
      if (foreign.length > 0) throw onlyForeign(user, foreign);
    }
    return {
      offered,
      passedOver,
      methods(signal, onSign) {
        const byFiles = ofFiles.map((key): AnyAuthMethod => ({ type: 'publickey', username: user, key }));
        if (ofAgent.length === 0 || agentSocket === undefined) return byFiles;
        const offering = agentOffering(ssh2, agentSocket, ofAgent, algorithms, signal, onSign);
        return [{ type: 'agent', username: user, agent: offering }, ...byFiles];
      },
    };
  };
}

/**
 * Resolves with undefined where there is nobody to ask. `isAgain`: what was said before was not it. Rejects with ZrunError
 * `interrupted`.
 */
export type AskPassphrase = (keyFile: string, isAgain: boolean) => Promise<Secret | undefined>;

interface Wanted {
  /** The one key that the user asked for. */
  readonly privateKeyFile: string | undefined;
  /** There is a password, so that keys with a passphrase are no loss. */
  readonly hasPassword: boolean;
}

/**
 * Passphrases are asked for the one key that is wanted, or where nothing else would be offered: for the first key that has
 * one, then.
 */
async function unlockNeeded(
  found: readonly WantedKey[],
  agent: AgentKeys,
  settings: SshSettings,
  { privateKeyFile, hasPassword }: Wanted,
  unlock: (key: WantedKey) => Promise<WantedKey>,
): Promise<readonly WantedKey[]> {
  const locked = found.find(
    ({ file }) =>
      file.state === 'encrypted' &&
      !agent.keys.some(({ publicKey }) => file.publicKey?.equals(publicKey) === true),
  );
  if (!locked) return found;
  if (privateKeyFile === undefined) {
    const { ofAgent, ofFiles } = chooseKeys(found, agent, settings, undefined);
    if (hasPassword || ofAgent.length + ofFiles.length > 0) return found;
  }
  const opened = await unlock(locked);
  return found.map((each) => (each === locked ? opened : each));
}

/** As ssh does, three tries. */
const passphraseTries = 3;

async function openKeyFile(
  ssh2: Ssh2,
  path: string,
  file: KeyFile & { readonly state: 'encrypted' },
  ask: AskPassphrase,
): Promise<KeyFile> {
  for (let round = 0; round < passphraseTries; round += 1) {
    const passphrase = await ask(path, round > 0);
    if (!passphrase) return file;
    const parsed = ssh2.utils.parseKey(file.text, reveal(passphrase));
    if (parsed instanceof Error) continue;
    const key = Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed;
    return { state: 'usable', key, publicKey: key.getPublicSSH() };
  }
  const hint = `Whether a passphrase is the right one, ssh-keygen says: ssh-keygen -y -f ${quote(path)}`;
  return { state: 'unreadable', why: 'its passphrase is another one', hint };
}

interface WantedKey {
  readonly path: string;
  readonly file: KeyFile;
}

/** Keys that are offered, in this order, and what is said of them and of the others. */
interface Choice extends Pick<Credentials, 'offered' | 'passedOver'> {
  readonly ofAgent: readonly AgentKey[];
  readonly ofFiles: readonly ParsedKey[];
}

/** Throws `key-unreadable` where the one key that the user asked for cannot be used. */
function chooseKeys(
  wanted: readonly WantedKey[],
  agent: AgentKeys,
  { algorithms, identitiesOnly }: SshSettings,
  privateKeyFile: string | undefined,
): Choice {
  const isWanted = (one: AgentKey): boolean =>
    wanted.some(({ file }) => 'publicKey' in file && file.publicKey?.equals(one.publicKey));
  const isInAgent = (publicKey: Buffer | undefined): boolean =>
    publicKey !== undefined && agent.keys.some((one) => one.publicKey.equals(publicKey));
  const isAllowed = ({ key }: AgentKey): boolean => signaturesFor(key.type, algorithms).length > 0;

  const first = agent.keys.filter(isWanted);
  const rest =
    identitiesOnly || privateKeyFile !== undefined ? [] : agent.keys.filter((one) => !first.includes(one));
  const ofAgent = [...first, ...rest].filter(isAllowed);
  const ofFiles: ParsedKey[] = [];
  const offered: string[] = [];
  const passedOver: string[] = [];
  const notAllowed = 'PubkeyAcceptedAlgorithms of the ssh configuration does not allow it';
  for (const one of [...first, ...rest]) {
    const text = `the agent's ${one.key.comment || 'key'} (${describe(one.publicKey)}`;
    if (isAllowed(one)) offered.push(`${text})`);
    else passedOver.push(`${text}: ${notAllowed})`);
  }
  if (agent.problem !== undefined) passedOver.push(agent.problem);
  for (const { path, file } of wanted) {
    if (file.state === 'usable') {
      if (isInAgent(file.publicKey)) continue;
      const key = signingAs(file.key, algorithms);
      if (key === undefined) {
        passedOver.push(`${path} (${describe(file.publicKey)}: ${notAllowed})`);
        continue;
      }
      ofFiles.push(key);
      offered.push(`${path} (${describe(file.publicKey)})`);
      continue;
    }
    if (file.state === 'encrypted' && isInAgent(file.publicKey)) continue;
    if (privateKeyFile !== undefined) throw unreadable(path, file);
    if (file.state === 'encrypted') passedOver.push(`${path} (has a passphrase, and is not in the agent)`);
    if (file.state === 'unreadable') passedOver.push(`${path} (${file.why})`);
    if (file.state === 'unsafe') passedOver.push(`${path} (others can read it: mode ${octal(file.mode)})`);
  }
  return { ofAgent, ofFiles, offered, passedOver };
}

/** Nothing else would be offered: no connection is made for that. */
function onlyForeign(user: string, foreign: readonly string[]): ZrunError {
  return new ZrunError(
    'key-unreadable',
    `there is no key for user ${user} that zrun can sign with: the agent has ${foreign.join(', ')}`,
    {
      hint: "zrun's SSH library knows no FIDO keys and no user certificates. Allow a plain key, or give a password with -k.",
    },
  );
}

function unreadable(path: string, file: Exclude<KeyFile, { state: 'usable' }>): ZrunError {
  if (file.state === 'absent')
    return new ZrunError('key-unreadable', `there is no private key ${path}`, {
      hint: 'Check --private-key, or ansible_ssh_private_key_file in the inventory.',
    });
  if (file.state === 'unreadable')
    return new ZrunError('key-unreadable', `the private key ${path} cannot be used: ${file.why}`, {
      hint: file.hint,
    });
  if (file.state === 'unsafe')
    return new ZrunError(
      'key-unreadable',
      `the private key ${path} is not safe: others than its owner can read it (mode ${octal(file.mode)})`,
      { hint: `ssh refuses it too: chmod 600 ${quote(path)}` },
    );
  return new ZrunError('key-unreadable', `the private key ${path} has a passphrase`, {
    hint: `Run zrun in a terminal, where it asks for it, or give the key to the agent first: ssh-add ${quote(path)}`,
  });
}

/**
 * Makes sure that a key file which the user names can be used, before any host is tried with it; what its passphrase is, is
 * found out then. Rejects with ZrunError `key-unreadable`.
 */
export async function checkKeyFile(file: string, shownAs: string): Promise<void> {
  const found = await readKeyFile(await loadSsh2(), file);
  if (found.state !== 'usable' && found.state !== 'encrypted') throw unreadable(shownAs, found);
}

function describe(publicKey: Buffer): string {
  return `${shortKeyType(publicKey)} ${fingerprint(publicKey)}`;
}

async function readKeyFile(ssh2: Ssh2, path: string): Promise<KeyFile> {
  let text: string;
  try {
    const found = await readOwnFile(path);
    if (found === undefined) return { state: 'absent' };
    // OpenSSH's own rule (authfile.c, sshkey_perm_ok): a key that others could read is theirs as well.
    const isExposed = found.isRegular && found.owner === currentUser().uid && (found.mode & 0o077) !== 0;
    if (isExposed) return { state: 'unsafe', mode: found.mode };
    ({ text } = found);
  } catch (error) {
    return { state: 'unreadable', why: whyUnreadable(error), hint: 'It must be a file that you can read.' };
  }
  const kind = foreignKind(typeOfKey(embeddedPublicKey(text) ?? Buffer.alloc(0)));
  if (kind !== undefined)
    return {
      state: 'unreadable',
      why: `it is ${kind}, which zrun's SSH library cannot sign with`,
      hint: 'Name a plain key, or give a password with -k.',
    };
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) {
    if (/encrypted|passphrase/i.test(parsed.message))
      return { state: 'encrypted', text, publicKey: await publicKeyOf(ssh2, path, text) };
    return {
      state: 'unreadable',
      why: parsed.message,
      hint: 'It must be a private key in a format that ssh writes.',
    };
  }
  const key = Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed;
  if (!key.isPrivateKey())
    return { state: 'unreadable', why: 'it holds a public key', hint: 'Name the file of the private half.' };
  return { state: 'usable', key, publicKey: key.getPublicSSH() };
}

/** The public half of an encrypted key: from the file beside it, or from the key itself, where it is in clear. */
async function publicKeyOf(ssh2: Ssh2, path: string, text: string): Promise<Buffer | undefined> {
  try {
    const beside = ssh2.utils.parseKey((await readOwnFile(`${path}.pub`))?.text ?? '');
    if (!(beside instanceof Error)) return beside.getPublicSSH();
  } catch {
    // Most keys need no such file.
  }
  return embeddedPublicKey(text);
}

/** openssh-key-v1 (PROTOCOL.key of OpenSSH): magic, cipher, kdf, kdf options, number of keys, public key, … */
function embeddedPublicKey(text: string): Buffer | undefined {
  const [, base64] = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(text) ?? [];
  if (base64 === undefined) return undefined;
  const data = Buffer.from(base64, 'base64');
  const magic = 'openssh-key-v1\0';
  if (data.toString('latin1', 0, magic.length) !== magic) return undefined;
  try {
    let at = magic.length;
    const skip = (): void => {
      at += 4 + data.readUInt32BE(at);
    };
    skip();
    skip();
    skip();
    at += 4;
    const length = data.readUInt32BE(at);
    return data.subarray(at + 4, at + 4 + length);
  } catch {
    return undefined;
  }
}
