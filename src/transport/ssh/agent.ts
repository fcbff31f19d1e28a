/**
 * Owns what is asked of an ssh agent on this machine: which keys it holds, and to sign with them. An agent may wait for
 * its user, or say nothing at all, so everything that is asked of it ends with a signal.
 */
import net from 'node:net';
import type { BaseAgent, ParsedKey, SignCallback, SigningRequestOptions } from 'ssh2';
import { linkSignals, onAbort } from '../../core/signals.js';
import type { Algorithms } from './algorithms.js';
import { isSha2, rsaHashes, sha1Refused, signingAs } from './signing.js';
import type { Ssh2 } from './ssh2.js';

export interface AgentKeys {
  readonly keys: readonly AgentKey[];
  /** Why they are not known. */
  readonly problem: string | undefined;
}

export interface AgentKey {
  readonly key: ParsedKey;
  readonly publicKey: Buffer;
}

/** Milliseconds for the agent to list its keys. */
const agentMs = 5_000;

/** Never rejects. */
export function listAgent(ssh2: Ssh2, socket: string, closing: AbortSignal): Promise<AgentKeys> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const { signal, release } = linkSignals(closing, over.signal);
    const timer = setTimeout(() => over.abort(), agentMs);
    agentAt(ssh2, socket, signal).getIdentities((error, entries) => {
      clearTimeout(timer);
      release();
      if (error) {
        const why = over.signal.aborted ? `no answer within ${agentMs / 1000} seconds` : error.message;
        resolve({ keys: [], problem: `the agent at ${socket} (${why})` });
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

/** The agent behind a socket. What is asked of it ends with the signal: ssh2 itself would wait for good. */
function agentAt(ssh2: Ssh2, socket: string, signal: AbortSignal): BaseAgent {
  const agent = ssh2.createAgent(socket);
  agent.getStream = (callback) => {
    const stream = net.connect(socket);
    const forget = onAbort(signal, () => void stream.destroy());
    let isTold = false;
    const fail = (error?: Error): void => {
      forget();
      stream.destroy();
      if (!isTold) callback(error ?? new Error('it hung up'));
      isTold = true;
    };
    stream.once('connect', () => {
      isTold = true;
      callback(null, stream);
    });
    stream.on('error', fail);
    stream.once('close', () => fail());
  };
  return agent;
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

/** The agent, as if it held just these keys in this order, and signed in no other way than is allowed. */
export function agentOffering(
  ssh2: Ssh2,
  socket: string,
  keys: readonly AgentKey[],
  algorithms: Algorithms,
  signal: AbortSignal,
  onSign: (isWaiting: boolean) => void,
): BaseAgent {
  const agent = agentAt(ssh2, socket, signal);
  agent.getIdentities = (callback) =>
    callback(
      null,
      keys.flatMap(({ key }) => signingAs(key, algorithms) ?? []),
    );
  const sign = agent.sign.bind(agent);
  agent.sign = (key, data, options: SigningRequestOptions | SignCallback, callback?: SignCallback) => {
    const tell = typeof options === 'function' ? options : callback;
    const asked = isParsedKey(key) ? key : undefined;
    const held = keys.find(({ publicKey }) => asked?.getPublicSSH().equals(publicKey));
    const byType = asked && rsaHashes[asked.type];
    const byServer = typeof options === 'function' ? undefined : options.hash;
    const hash = byType ?? byServer;
    if (held?.key.type === 'ssh-rsa' && !isSha2(hash)) {
      tell?.(sha1Refused());
      return;
    }
    onSign(true);
    sign(held?.key ?? key, data, isSha2(hash) ? { hash } : {}, (error, signature) => {
      onSign(false);
      tell?.(error, signature);
    });
  };
  return agent;
}
