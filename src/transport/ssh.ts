/**
 * Owns the SSH transport of a run: from an inventory's target to a connection, with everything that connections share:
 * the ssh configuration, keys, known_hosts, addresses, jump hosts, and how many handshakes are under way.
 */
import os from 'node:os';
import type { Readable } from 'node:stream';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Client } from 'ssh2';
import { ZrunError } from '../core/errors.js';
import type { Connect, Connection, ConnectOptions, Host, SshTarget } from '../core/host.js';
import { defaultLimits, type Limits } from './channel.js';
import { createConnection } from './connection.js';
import { createHostKeyStore } from './host-key-check.js';
import { onceAborted, pauseFor, unlessAborted, within } from './limit.js';
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

const defaultKeepalive: Keepalive = { intervalMs: 15_000, count: 3 };

/** How long the end of a run waits for a host to say goodbye. Milliseconds; less than the two seconds of DESIGN. */
const goodbyeMs = 1_000;

/** A jump host's connection, shared by everything behind it. */
interface Jump {
  readonly key: string;
  readonly loggedIn: Promise<LoggedIn>;
  /** Ends the attempt, where nobody waits for it any more. */
  readonly cancel: () => void;
  isLoggedIn: boolean;
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
  /** Ends whatever is shared, or still under way, when the run is over. */
  const closing = new AbortController();
  const configOf = createSshConfig({ env, homedir, ssh: options.ssh, signal: closing.signal });
  const hostKeys = createHostKeyStore(options.acceptNewHostKeys ?? false);
  const lookup = createLookup({ env, signal: closing.signal });
  const gates = new Map<string, LimitFunction>();
  const jumps = new Map<string, Jump>();
  /** Every client that is logged in, so that none outlives the run. */
  const clients = new Set<LoggedIn>();
  const load = once(async () => {
    const ssh2 = await loadSsh2();
    return { ssh2, keyRing: createKeyRing(ssh2, closing.signal) };
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
      revoked: settings.revokedHostKeys,
      hashNames: settings.hashKnownHosts,
    });
    const gate = gateOf(jump?.key ?? `${hostName}:${port}`);

    const once = async (onStage: (stage: string) => void, signal: AbortSignal): Promise<LoggedIn> => {
      onStage('it does not answer on that port');
      const stream =
        jump === undefined
          ? await connectSocket(name, hostName, port, lookup, signal)
          : await forward((await jump.loggedIn).client, jump.key, name, hostName, port, signal);
      const { algorithms, user } = settings;
      const loggedIn = await logIn(
        ssh2,
        stream,
        { name, user, credentials, hostKey, keepalive, algorithms, signal },
        onStage,
      );
      clients.add(loggedIn);
      void loggedIn.closed.then(() => clients.delete(loggedIn));
      attempt.onHandshake();
      return loggedIn;
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
        await unlessAborted(attempt.signal, jump.loggedIn, interrupted);
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
    // Others wait for the same hop, so it must not end with the first one's signal, but with the last one's.
    const shared = new AbortController();
    const forgetClosing = onceAborted(closing.signal, () => shared.abort());
    const loggedIn = reach(target, settings, `jump host ${settings.hostName} port ${settings.port}`, via, {
      ...attempt,
      signal: shared.signal,
    });
    const jump: Jump = {
      key,
      loggedIn,
      cancel: () => shared.abort(),
      isLoggedIn: false,
      users: 0,
      linger: undefined,
    };
    const forget = (): void => {
      forgetClosing();
      clearTimeout(jump.linger);
      if (jumps.get(key) === jump) jumps.delete(key);
      if (via !== undefined) release(via);
    };
    const opened = loggedIn.then(({ closed }) => {
      jump.isLoggedIn = true;
      return closed;
    });
    opened.then(forget, forget);
    jumps.set(key, jump);
    return jump;
  };

  const release = (jump: Jump): void => {
    jump.users--;
    if (jump.users > 0) return;
    if (!jump.isLoggedIn) {
      if (jumps.get(jump.key) === jump) jumps.delete(jump.key);
      jump.cancel();
      return;
    }
    clearTimeout(jump.linger);
    jump.linger = setTimeout(() => {
      if (jump.users === 0) void endJump(jump);
    }, jumpLingerMs).unref();
  };

  const endJump = async (jump: Jump): Promise<void> => {
    try {
      await endClient(await jump.loggedIn, limits);
    } catch {
      // It was never there.
    }
  };

  /** Logs in to a host, through a jump that is held for as long as the connection stands. */
  const reachThrough = async (
    target: SshTarget,
    settings: SshSettings,
    name: string,
    chain: string | undefined,
    attempt: Attempt,
  ): Promise<LoggedIn> => {
    const jump = chain === undefined || chain === 'none' ? undefined : await acquireJump(chain, attempt, 0);
    try {
      const loggedIn = await reach(target, settings, name, jump, attempt);
      if (jump !== undefined) void loggedIn.closed.then(() => release(jump));
      return loggedIn;
    } catch (error) {
      if (jump !== undefined) release(jump);
      throw error;
    }
  };

  const connectTo = async (
    host: Host,
    { connectTimeoutMs, signal }: ConnectOptions,
    onClosed: () => void,
  ): Promise<Connection> => {
    const { target } = host;
    if (target.transport !== 'ssh')
      throw new ZrunError('internal', `the ssh transport was asked for a ${target.transport} host`);
    let handshakes = 0;
    const attemptBy = (by: AbortSignal): Attempt => ({
      connectTimeoutMs,
      signal: by,
      onHandshake: () => handshakes++,
    });
    // While OpenSSH is asked for its configuration.
    const loading = load();
    loading.catch(() => undefined);
    const settings = await configOf(target);
    const name = displayName(host.name, settings);
    const chain = target.proxyJump ?? settings.proxyJump;
    const loggedIn = await reachThrough(target, settings, name, chain, attemptBy(signal));
    void loggedIn.closed.then(onClosed);
    const link = sshLink(loggedIn, {
      name,
      handshakes: () => handshakes,
      limits: { ...limits, startMs: Math.max(limits.startMs, connectTimeoutMs) },
      another: (by) => reachThrough(target, settings, name, chain, attemptBy(by)),
    });
    return createConnection(link, signal, limits);
  };

  return {
    async connect(host, { connectTimeoutMs, signal }) {
      const attempt = new AbortController();
      const abort = (): void => attempt.abort();
      const forget = [onceAborted(signal, abort), onceAborted(closing.signal, abort)];
      const onClosed = (): void => forget.forEach((each) => each());
      try {
        // What is under way then closes itself: it heeds the same signal.
        const work = connectTo(host, { connectTimeoutMs, signal: attempt.signal }, onClosed);
        return await unlessAborted(attempt.signal, work, interrupted);
      } catch (error) {
        onClosed();
        throw error;
      }
    },
    async close() {
      closing.abort();
      const goodbye = { ...limits, closeMs: Math.min(limits.closeMs, goodbyeMs) };
      for (const jump of jumps.values()) clearTimeout(jump.linger);
      await Promise.all([...clients].map((client) => endClient(client, goodbye)));
    },
  };
}

/** Tries again, with some randomness, while the server drops us before we could log in, within the one limit. */
async function withRetries(
  once: (onStage: (stage: string) => void, signal: AbortSignal) => Promise<LoggedIn>,
  gate: LimitFunction,
  name: string,
  { connectTimeoutMs, signal }: Attempt,
): Promise<LoggedIn> {
  // What is under way ends with the user's interrupt, with the limit, and with any other end of this attempt.
  const stop = new AbortController();
  const forget = onceAborted(signal, () => stop.abort());
  const seen: { stage: string; dropped: Error | undefined } = {
    stage: 'it has not answered',
    dropped: undefined,
  };

  const tries = async (): Promise<LoggedIn> => {
    for (let round = 0; ; round++) {
      throwIfAborted(stop.signal);
      try {
        return await once((next) => (seen.stage = next), stop.signal);
      } catch (error) {
        throwIfAborted(stop.signal);
        if (!(error instanceof DroppedError)) throw error;
        seen.dropped = error;
      }
      // The server is full: fewer at a time, and later.
      gate.concurrency = Math.max(1, Math.ceil(gate.concurrency / 2));
      seen.stage = 'it drops connections before a handshake';
      const base = Math.min(2_000, 100 * 1.5 ** round);
      await pauseFor(base * (0.5 + Math.random()), stop.signal);
    }
  };
  try {
    return await within(connectTimeoutMs, tries(), () => {
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
    });
  } finally {
    forget();
    stop.abort();
  }
}

/** A stream through a jump host. Where the signal is aborted, a stream that comes later is closed at once. */
function forward(
  client: Client,
  jump: string,
  name: string,
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Readable> {
  const opened = new Promise<Readable>((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void =>
      reject(
        new ZrunError('connect-failed', `the jump host ${jump} cannot reach ${name}: ${why}`, {
          hint: 'Is the host up as seen from there, and does its sshd have AllowTcpForwarding?',
          cause,
        }),
      );
    try {
      client.forwardOut('127.0.0.1', 0, host, port, (error, stream) => {
        if (error) {
          fail(error.message, error);
          return;
        }
        stream.on('error', () => undefined);
        if (signal.aborted) stream.destroy();
        resolve(stream);
      });
    } catch (error) {
      fail('its connection is lost', error);
    }
  });
  return unlessAborted(signal, opened, interrupted);
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

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
