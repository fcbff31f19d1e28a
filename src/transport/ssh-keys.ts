/**
 * Owns which keys a host is offered, and in which order: those of the agent that the configuration names, the other
 * ones of the agent, then key files. A host cuts us off after six refusals (sshd_config(5), MaxAuthTries), so no key
 * is offered twice.
 */
import { readFile, stat } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import type { AnyAuthMethod, BaseAgent, ParsedKey } from 'ssh2';
import { ZrunError } from '../core/errors.js';
import { linkSignals } from '../core/signals.js';
import { fingerprint, keyType, shortKeyType } from './known-hosts.js';
import { currentUser, type SshSettings } from './ssh-config.js';
import type { Ssh2 } from './ssh2.js';

export interface Credentials {
  readonly methods: readonly AnyAuthMethod[];
  /** What is offered, for messages: `~/.ssh/id_rsa (RSA SHA256:…)`. */
  readonly offered: readonly string[];
  /** What is not, and why. */
  readonly passedOver: readonly string[];
}

type KeyFile =
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly why: string }
  | { readonly state: 'encrypted'; readonly publicKey: Buffer | undefined }
  | { readonly state: 'usable'; readonly key: ParsedKey; readonly publicKey: Buffer };

interface AgentKeys {
  readonly keys: readonly AgentKey[];
  readonly problem: string | undefined;
}

interface AgentKey {
  readonly key: ParsedKey;
  readonly publicKey: Buffer;
}

/** Milliseconds for the agent to list its keys. */
const agentMs = 5_000;

/**
 * A reader of keys that reads each file once. `privateKeyFile` is the one key that the user asked for, if they did;
 * it must be there. Rejects with ZrunError `key-unreadable`. Connections to agents end with the signal.
 */
export function createKeyRing(
  ssh2: Ssh2,
  signal: AbortSignal,
): (user: string, settings: SshSettings, privateKeyFile: string | undefined) => Promise<Credentials> {
  const files = new Map<string, Promise<KeyFile>>();
  const agents = new Map<string, Promise<AgentKeys>>();
  const fileAt = (path: string): Promise<KeyFile> => {
    const known = files.get(path) ?? readKeyFile(ssh2, path);
    files.set(path, known);
    return known;
  };
  const agentAt = (socket: string): Promise<AgentKeys> => {
    const known = agents.get(socket) ?? listAgent(ssh2, socket, signal);
    agents.set(socket, known);
    return known;
  };

  return async (user, settings, privateKeyFile) => {
    const paths = privateKeyFile === undefined ? settings.identityFiles : [privateKeyFile];
    const wanted = await Promise.all(
      [...new Set(paths)].map(async (path) => ({ path, file: await fileAt(path) })),
    );
    const agent =
      settings.agentSocket === undefined
        ? { keys: [], problem: undefined }
        : await agentAt(settings.agentSocket);

    const isWanted = (one: AgentKey): boolean =>
      wanted.some(({ file }) => 'publicKey' in file && file.publicKey?.equals(one.publicKey));
    const isInAgent = (publicKey: Buffer | undefined): boolean =>
      publicKey !== undefined && agent.keys.some((one) => one.publicKey.equals(publicKey));

    const isAccepted = (publicKey: Buffer): boolean => accepts(settings.algorithms.publicKey, publicKey);
    const usable = agent.keys.filter(({ publicKey }) => isAccepted(publicKey));
    const first = usable.filter(isWanted);
    const rest =
      settings.identitiesOnly || privateKeyFile !== undefined
        ? []
        : usable.filter((one) => !first.includes(one));
    const methods: AnyAuthMethod[] = [];
    const offered: string[] = [];
    const passedOver: string[] = [];
    if (first.length + rest.length > 0 && settings.agentSocket !== undefined) {
      methods.push({
        type: 'agent',
        username: user,
        agent: agentOffering(ssh2, settings.agentSocket, [...first, ...rest], signal),
      });
      for (const { key, publicKey } of [...first, ...rest])
        offered.push(`the agent's ${key.comment || 'key'} (${describe(publicKey)})`);
    }
    if (agent.problem !== undefined) passedOver.push(agent.problem);
    for (const { path, file } of wanted) {
      if (file.state === 'usable') {
        if (isInAgent(file.publicKey)) continue;
        if (!isAccepted(file.publicKey)) {
          passedOver.push(`${path} (PubkeyAcceptedAlgorithms leaves it out)`);
          continue;
        }
        methods.push({ type: 'publickey', username: user, key: file.key });
        offered.push(`${path} (${describe(file.publicKey)})`);
        continue;
      }
      if (file.state === 'encrypted' && isInAgent(file.publicKey)) continue;
      if (privateKeyFile !== undefined) throw unreadable(path, file);
      if (file.state === 'encrypted') passedOver.push(`${path} (has a passphrase, and is not in the agent)`);
      if (file.state === 'unreadable') passedOver.push(`${path} (${file.why})`);
    }
    return { methods, offered, passedOver };
  };
}

/** Whether a key may be offered: one of RSA signs with SHA-2. */
function accepts(algorithms: readonly string[], publicKey: Buffer): boolean {
  const type = keyType(publicKey);
  return algorithms.some((each) => (each.startsWith('rsa-sha2-') ? 'ssh-rsa' : each) === type);
}

function unreadable(path: string, file: Exclude<KeyFile, { state: 'usable' }>): ZrunError {
  if (file.state === 'absent')
    return new ZrunError('key-unreadable', `there is no private key ${path}`, {
      hint: 'Check --private-key, or ansible_ssh_private_key_file in the inventory.',
    });
  if (file.state === 'unreadable')
    return new ZrunError('key-unreadable', `the private key ${path} cannot be used: ${file.why}`, {
      hint: 'It must be a private key in a format that ssh writes, and readable by you.',
    });
  return new ZrunError('key-unreadable', `the private key ${path} has a passphrase`, {
    hint: `zrun does not ask for passphrases. Give it to the agent first: ssh-add ${path}`,
  });
}

function describe(publicKey: Buffer): string {
  return `${shortKeyType(publicKey)} ${fingerprint(publicKey)}`;
}

async function readKeyFile(ssh2: Ssh2, path: string): Promise<KeyFile> {
  let text: string;
  try {
    const { uid, mode } = await stat(path);
    // Source: sshkey_perm_ok of OpenSSH's authfile.c.
    if (uid === currentUser().uid && (mode & 0o077) !== 0)
      return { state: 'unreadable', why: `others may read it: chmod 600 ${path}` };
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'absent' };
    return { state: 'unreadable', why: error instanceof Error ? error.message : String(error) };
  }
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) {
    if (/encrypted|passphrase/i.test(parsed.message))
      return { state: 'encrypted', publicKey: await publicKeyOf(ssh2, path, text) };
    return { state: 'unreadable', why: parsed.message };
  }
  const key = Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed;
  if (!key.isPrivateKey()) return { state: 'unreadable', why: 'it holds a public key' };
  return { state: 'usable', key, publicKey: key.getPublicSSH() };
}

/** The public half of an encrypted key: from the file beside it, or from the key itself, where it is in clear. */
async function publicKeyOf(ssh2: Ssh2, path: string, text: string): Promise<Buffer | undefined> {
  try {
    const beside = ssh2.utils.parseKey(await readFile(`${path}.pub`, 'utf8'));
    if (!(beside instanceof Error)) return beside.getPublicSSH();
  } catch {
    // No such file: most keys need none.
  }
  return embeddedPublicKey(text);
}

/** openssh-key-v1 (PROTOCOL.key of OpenSSH): magic, cipher, kdf, kdf options, number of keys, public key, … */
export function embeddedPublicKey(text: string): Buffer | undefined {
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

function listAgent(ssh2: Ssh2, socket: string, signal: AbortSignal): Promise<AgentKeys> {
  return new Promise((resolve) => {
    const problem = (why: string): void => resolve({ keys: [], problem: `the agent at ${socket} (${why})` });
    const over = new AbortController();
    const { signal: either, release } = linkSignals(signal, over.signal);
    const timer = setTimeout(() => {
      problem(`no answer within ${agentMs / 1000} seconds`);
      over.abort();
    }, agentMs);
    openAgent(ssh2, socket, either).getIdentities((error, entries) => {
      clearTimeout(timer);
      release();
      if (error) {
        problem(error.message);
        return;
      }
      const keys = (entries ?? []).flatMap((entry): readonly AgentKey[] => {
        const key = parsedKey(ssh2, entry);
        return key === undefined ? [] : [{ key, publicKey: key.getPublicSSH() }];
      });
      resolve({ keys, problem: undefined });
    });
  });
}

/** An agent whose connections are cut when the signal is aborted: ssh2 itself waits for an answer without a limit. */
function openAgent(ssh2: Ssh2, socket: string, signal: AbortSignal): BaseAgent {
  const agent = ssh2.createAgent(socket);
  // Pageant's have none.
  if (!hasStreams(agent)) return agent;
  const getStream = agent.getStream.bind(agent);
  agent.getStream = (callback) =>
    getStream((error, stream) => {
      const cut = (): void => void stream?.destroy();
      signal.addEventListener('abort', cut);
      stream?.once('close', () => signal.removeEventListener('abort', cut));
      callback(error, stream);
      if (signal.aborted) cut();
    });
  return agent;
}

type Streamed = (error: Error | null | undefined, stream?: Duplex) => void;

function hasStreams(agent: object): agent is { getStream: (callback: Streamed) => void } {
  return 'getStream' in agent && typeof agent.getStream === 'function';
}

function parsedKey(ssh2: Ssh2, entry: unknown): ParsedKey | undefined {
  if (typeof entry === 'string' || Buffer.isBuffer(entry)) {
    const parsed = ssh2.utils.parseKey(entry);
    return parsed instanceof Error ? undefined : parsed;
  }
  return isParsedKey(entry) ? entry : undefined;
}

function isParsedKey(entry: unknown): entry is ParsedKey {
  return typeof entry === 'object' && entry !== null && 'getPublicSSH' in entry && 'sign' in entry;
}

/** The agent, as if it held just these keys in this order. */
function agentOffering(
  ssh2: Ssh2,
  socket: string,
  keys: readonly AgentKey[],
  signal: AbortSignal,
): BaseAgent {
  const agent = openAgent(ssh2, socket, signal);
  agent.getIdentities = (callback) =>
    callback(
      null,
      keys.map(({ key }) => key),
    );
  return agent;
}
