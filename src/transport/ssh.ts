/**
 * Owns the SSH transport of a run: from an inventory's target to a connection, with everything that connections share:
 * the ssh configuration, keys, known_hosts, addresses, jump hosts, and how many handshakes are under way.
 */
import { setMaxListeners } from 'node:events';
import os from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Client } from 'ssh2';
import { ZrunError } from '../core/errors.js';
import type { Connect, ConnectOptions, Host, SshTarget } from '../core/host.js';
import { linkSignals } from '../core/signals.js';
import { defaultLimits, type Limits, type Link } from './channel.js';
import { createConnection } from './connection.js';
import { createHostKeyStore } from './host-key-check.js';
import { within } from './limit.js';
import { createLookup } from './lookup.js';
import { interrupted } from './session.js';
import { createSshConfig, type SshSettings } from './ssh-config.js';
import { DroppedError, logIn, type Keepalive, type LoggedIn } from './ssh-handshake.js';
import { connectSocket } from './socket.js';
import { createKeyRing } from './ssh-keys.js';
import { endClient, sshLink } from './ssh-link.js';
import { loadSsh2 } from './ssh2.js';

export interface SshTransportOptions {
  /** Record the keys of hosts that known_hosts does not have. A changed key is never accepted. */
  readonly acceptNewHostKeys?: boolean | undefined;
  /** For SSH_AUTH_SOCK, the ssh configuration, and scripts on this machine. */
  readonly env: NodeJS.ProcessEnv;
  /** Where `.ssh` is; the user's own when left out. */
  readonly homedir?: string | undefined;
  readonly keepalive?: Keepalive | undefined;
  readonly limits?: Limits | undefined;
  /** The OpenSSH client that is asked for its configuration; `ssh` from PATH when left out. */
  readonly ssh?: string | undefined;
}

/** Handshakes at a time to one endpoint, or through one jump host: sshd drops more (MaxStartups 10:30:100). */
const handshakesAtATime = 10;

/** How long a jump host's connection is kept for the next host behind it. Milliseconds. */
const jumpLingerMs = 10_000;

/** For a jump host's connection to end by itself, when the run is over. Milliseconds. */
const jumpCloseMs = 1_000;

const defaultKeepalive: Keepalive = { intervalMs: 15_000, count: 3 };

/** A jump host's connection, shared by everything behind it. */
interface Jump {
  readonly key: string;
  readonly loggedIn: Promise<LoggedIn>;
  users: number;
  linger: NodeJS.Timeout | undefined;
}

interface Attempt {
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly onHandshake: () => void;
}

export function createSshTransport(options: SshTransportOptions): {
  connect: Connect;
  close(): Promise<void>;
} {
  const { env, homedir = os.homedir(), keepalive = defaultKeepalive, limits = defaultLimits } = options;
  /** Aborted when the transport is closed: whatever is still being made then ends. */
  const life = new AbortController();
  setMaxListeners(0, life.signal);
  const configOf = createSshConfig({ env, homedir, ssh: options.ssh, signal: life.signal });
  const hostKeys = createHostKeyStore(options.acceptNewHostKeys ?? false);
  const lookup = createLookup();
  const gates = new Map<string, LimitFunction>();
  const jumps = new Map<string, Jump>();
  const load = once(async () => {
    const ssh2 = await loadSsh2();
    return { ssh2, keyRing: createKeyRing(ssh2, life.signal) };
  });

  const gateOf = (key: string): LimitFunction => {
    const gate = gates.get(key) ?? pLimit(handshakesAtATime);
    gates.set(key, gate);
    return gate;
  };

  /** Logs in to one endpoint, through the jump if there is one. */
  const reach = async (
    target: SshTarget,
    settings: SshSettings,
    name: string,
    jump: Jump | undefined,
    attempt: Attempt,
  ): Promise<LoggedIn> => {
    const { ssh2, keyRing } = await load();
    const keyFile = target.privateKeyFile?.replace(/^~(?=\/)/, homedir);
    const credentials = await keyRing(settings.user, settings, keyFile);
    const { hostName, port, hostKeyAlias } = settings;
    const keyName = hostKeyAlias ?? hostName;
    const keyPort = hostKeyAlias === undefined ? port : 22;
    const ownFile = target.knownHostsFile?.replace(/^~(?=\/)/, homedir);
    const knownHostsFiles = ownFile === undefined ? settings.userKnownHostsFiles : [ownFile];
    const hostKey = await hostKeys.checkOf(keyName, keyPort, {
      user: knownHostsFiles,
      global: settings.globalKnownHostsFiles,
      hashNames: settings.hashKnownHosts,
      revoked: settings.revokedHostKeys,
      algorithms: settings.algorithms.serverHostKey,
    });
    const gate = gateOf(jump?.key ?? `${hostName}:${port}`);

    const once = async (onStage: (stage: string) => void, signal: AbortSignal): Promise<LoggedIn> => {
      onStage('it does not answer on that port');
      const stream =
        jump === undefined
          ? await connectSocket(name, hostName, port, lookup, signal)
          : await forward((await jump.loggedIn).client, jump.key, name, hostName, port);
      const giveUp = (): void => void stream.destroy();
      signal.addEventListener('abort', giveUp);
      try {
        throwIfAborted(signal);
        const loggedIn = await logIn(
          ssh2,
          stream,
          { name, user: settings.user, credentials, hostKey, algorithms: settings.algorithms, keepalive },
          onStage,
        );
        // Nobody waits for it any more.
        throwIfAborted(signal);
        attempt.onHandshake();
        return loggedIn;
      } catch (error) {
        stream.destroy();
        throw error;
      } finally {
        signal.removeEventListener('abort', giveUp);
      }
    };
    try {
      return await gate(() => withRetries(once, gate, name, attempt));
    } catch (error) {
      if (!(error instanceof ZrunError)) throw error;
      const tried = [
        `${settings.user}@${hostName}:${port}${jump === undefined ? '' : ` through ${jump.key}`}`,
        `keys: ${credentials.offered.join(', ') || 'none'}`,
        ...(credentials.passedOver.length === 0 ? [] : [`passed over: ${credentials.passedOver.join(', ')}`]),
        `known_hosts: ${[...knownHostsFiles, ...settings.globalKnownHostsFiles].join(', ')}`,
      ];
      const { code, message, problem, cause } = error;
      throw new ZrunError(code, message, { ...problem, cause, tried: tried.join('; ') });
    }
  };

  /** The connection to the last jump host of a chain, counted for one more user. */
  const acquireJump = async (chain: string, attempt: Attempt, depth: number): Promise<Jump> => {
    if (depth > 8)
      throw new ZrunError('connect-failed', `the jump hosts of ${chain} lead in a circle`, {
        hint: 'Look at ProxyJump in the ssh configuration: a jump host must not need itself.',
      });
    let via: Jump | undefined;
    for (const spec of chain.split(',')) {
      const target = parseJump(spec);
      const settings = await configOf(target);
      if (via === undefined && settings.proxyJump !== undefined)
        via = await acquireJump(settings.proxyJump, attempt, depth + 1);
      const key = `${settings.user}@${settings.hostName}:${settings.port}${via === undefined ? '' : ` via ${via.key}`}`;
      const jump = jumps.get(key) ?? openJump(key, target, settings, via, attempt);
      jump.users++;
      clearTimeout(jump.linger);
      // What opened it holds the hop before it; everyone else does not need it twice.
      if (via !== undefined) release(via);
      try {
        await orInterrupted(attempt.signal, () => jump.loggedIn);
      } catch (error) {
        release(jump);
        throw error;
      }
      via = jump;
    }
    if (via === undefined) throw new ZrunError('connect-failed', 'an empty list of jump hosts');
    return via;
  };

  const openJump = (
    key: string,
    target: SshTarget,
    settings: SshSettings,
    via: Jump | undefined,
    attempt: Attempt,
  ): Jump => {
    if (via !== undefined) via.users++;
    // Others wait for the same hop, so it must not end with the first one's signal.
    const shared: Attempt = { ...attempt, signal: life.signal };
    const loggedIn = reach(
      target,
      settings,
      `jump host ${settings.hostName} port ${settings.port}`,
      via,
      shared,
    );
    const jump: Jump = { key, loggedIn, users: 0, linger: undefined };
    const forget = (): void => {
      if (jumps.get(key) === jump) jumps.delete(key);
      if (via !== undefined) release(via);
    };
    loggedIn.then(({ closed }) => closed).then(forget, forget);
    jumps.set(key, jump);
    return jump;
  };

  const release = (jump: Jump): void => {
    jump.users--;
    if (jump.users > 0) return;
    jump.linger = setTimeout(() => {
      if (jump.users === 0) void endJump(jump);
    }, jumpLingerMs).unref();
  };

  const endJump = async (jump: Jump): Promise<void> => {
    clearTimeout(jump.linger);
    try {
      await endClient(await jump.loggedIn, { closeMs: Math.min(limits.closeMs, jumpCloseMs) });
    } catch {
      // It was never there, or its making ended with the transport.
    }
  };

  const connectTo = async (host: Host, { connectTimeoutMs, signal }: ConnectOptions): Promise<Link> => {
    const { target } = host;
    if (target.transport !== 'ssh')
      throw new ZrunError('internal', `the ssh transport was asked for a ${target.transport} host`);
    let handshakes = 0;
    const attempt: Attempt = { connectTimeoutMs, signal, onHandshake: () => handshakes++ };
    // While OpenSSH is asked for its configuration.
    const loading = load();
    loading.catch(() => undefined);
    const settings = await configOf(target);
    const name = displayName(host.name, settings);
    const chain = target.proxyJump ?? settings.proxyJump;
    const jump = chain === undefined || chain === 'none' ? undefined : await acquireJump(chain, attempt, 0);
    try {
      const loggedIn = await reach(target, settings, name, jump, attempt);
      if (jump !== undefined) void loggedIn.closed.then(() => release(jump));
      return sshLink(loggedIn, name, () => handshakes, {
        ...limits,
        startMs: Math.max(limits.startMs, connectTimeoutMs),
      });
    } catch (error) {
      if (jump !== undefined) release(jump);
      throw error;
    }
  };

  return {
    async connect(host, { connectTimeoutMs, signal }) {
      const { signal: either, release: unlink } = linkSignals(signal, life.signal);
      try {
        const made = connectTo(host, { connectTimeoutMs, signal: either });
        // Where the wait ends first, what is made all the same is closed by who made it.
        made.then(
          (link) => either.aborted && void link.close(),
          () => undefined,
        );
        const link = await orInterrupted(either, () => made);
        return createConnection(link, signal, limits);
      } finally {
        unlink();
      }
    },
    async close() {
      life.abort();
      await Promise.all([...jumps.values()].map(endJump));
    },
  };
}

/**
 * Tries again, with some randomness, while the server drops us before we could log in, within the one limit. Whatever was
 * begun ends with the wait for it.
 */
async function withRetries(
  once: (onStage: (stage: string) => void, signal: AbortSignal) => Promise<LoggedIn>,
  gate: LimitFunction,
  name: string,
  { connectTimeoutMs, signal }: Attempt,
): Promise<LoggedIn> {
  const over = new AbortController();
  const { signal: stop, release } = linkSignals(signal, over.signal);
  const seen: { stage: string; dropped: Error | undefined } = {
    stage: 'it has not answered',
    dropped: undefined,
  };

  const tries = async (): Promise<LoggedIn> => {
    for (let round = 0; ; round++) {
      throwIfAborted(stop);
      try {
        return await once((next) => (seen.stage = next), stop);
      } catch (error) {
        throwIfAborted(stop);
        if (!(error instanceof DroppedError)) throw error;
        seen.dropped = error;
      }
      // The server is full: fewer at a time, and later.
      gate.concurrency = Math.max(1, Math.ceil(gate.concurrency / 2));
      seen.stage = 'it drops connections before a handshake';
      const base = Math.min(2_000, 100 * 1.5 ** round);
      // The next round says why, where it was woken early.
      await sleep(base * (0.5 + Math.random()), undefined, { signal: stop }).catch(() => undefined);
    }
  };
  const late = (): never => {
    const seconds = connectTimeoutMs / 1000;
    throw new ZrunError(
      'connect-timeout',
      `no connection to ${name} within ${seconds} seconds: ${seen.stage}`,
      {
        hint:
          seen.dropped === undefined
            ? 'Is the host up and the address right? -T (--timeout) gives it more time.'
            : `${seen.dropped.message}. Its MaxStartups may be low, or a firewall may block us. -T gives it more time.`,
      },
    );
  };
  try {
    return await orInterrupted(signal, () => within(connectTimeoutMs, tries(), late));
  } finally {
    over.abort();
    release();
  }
}

function forward(client: Client, jump: string, name: string, host: string, port: number): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void =>
      reject(
        new ZrunError('connect-failed', `the jump host ${jump} cannot reach ${name}: ${why}`, {
          hint: 'Is the host up as seen from there, and does its sshd have AllowTcpForwarding?',
          cause,
        }),
      );
    try {
      client.forwardOut('127.0.0.1', 0, host, port, (error, stream) => {
        if (error) fail(error.message, error);
        else {
          stream.on('error', () => undefined);
          resolve(stream);
        }
      });
    } catch (error) {
      fail('its connection is lost', error);
    }
  });
}

/** `user@host:port`, or `ssh://user@host:port`; an IPv6 address in brackets. */
function parseJump(spec: string): SshTarget {
  const [, user, bracketed, plain, port] =
    /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?\/?$/.exec(spec.trim()) ?? [];
  const address = bracketed ?? plain;
  if (address === undefined)
    throw new ZrunError('connect-failed', `'${spec}' is no jump host`, {
      hint: 'Write it as user@host:port.',
    });
  return {
    transport: 'ssh',
    address,
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port: Number(port) }),
  };
}

function displayName(host: string, { hostName, port }: SshSettings): string {
  const where = port === 22 ? hostName : `${hostName} port ${port}`;
  return host === hostName && port === 22 ? host : `${host} (${where})`;
}

/** Does not wait for work whose result nobody wants any more. */
async function orInterrupted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw interrupted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(interrupted());
  });
  // Hundreds of hosts listen to the one signal of a run.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
