/**
 * Owns the SSH transport of a run: from an inventory's target to a connection, with everything that connections share:
 * the ssh configuration, keys, known_hosts, addresses, jump hosts, and how many handshakes are under way.
 */
import os from 'node:os';
import { ZrunError } from '../../core/errors.js';
import type { Connect, Connection, ConnectOptions, Host, SshTarget } from '../../core/host.js';
import type { Secret } from '../../core/secret.js';
import { abort, linkSignals } from '../../core/signals.js';
import { defaultLimits, type Limits } from '../channel.js';
import { createConnection } from '../connection.js';
import { createHostKeyStore } from './host-key-check.js';
import { unlessAborted } from '../limit.js';
import { createLookup } from './lookup.js';
import { interrupted } from '../session.js';
import type { Attempt } from './attempt.js';
import { createSshConfig } from './config.js';
import type { Keepalive, LoggedIn } from './handshake.js';
import { createJumps, type Jumps } from './jumps.js';
import type { AskPassphrase } from './keys.js';
import { endClient, sshLink } from './link.js';
import { createReach, type Reach, type Via } from './reach.js';
import type { SshQuery, SshSettings } from './settings.js';

export interface SshTransportOptions {
  /** Record the keys of hosts that known_hosts does not have. A changed key is never accepted. */
  readonly acceptNewHostKeys?: boolean | undefined;
  /** For hosts whose target has none. Jump hosts never get it. */
  readonly password?: Secret | undefined;
  /** Asks for the passphrase of a key file; each is asked for once. */
  readonly askPassphrase?: AskPassphrase | undefined;
  /** For SSH_AUTH_SOCK, the ssh configuration, and scripts on this machine. */
  readonly env: NodeJS.ProcessEnv;
  /** Where `.ssh` is; the user's own when left out. */
  readonly homedir?: string | undefined;
  readonly keepalive?: Keepalive | undefined;
  readonly limits?: Limits | undefined;
  /** The OpenSSH client that is asked for its configuration; `ssh` from PATH when left out. */
  readonly ssh?: string | undefined;
}

const defaultKeepalive: Keepalive = { intervalMs: 15_000, count: 3 };

/** How long the end of a run waits for a host to say goodbye. Milliseconds; less than the two seconds of DESIGN. */
const goodbyeMs = 1_000;

export function createSshTransport(options: SshTransportOptions): {
  connect: Connect;
  close(): Promise<void>;
} {
  const { env, homedir = os.homedir(), keepalive = defaultKeepalive, limits = defaultLimits } = options;
  /** Ends whatever is shared, or still under way, when the run is over. */
  const closing = new AbortController();
  const configOf = createSshConfig({ env, homedir, ssh: options.ssh, signal: closing.signal });
  /** Every client that is logged in, so that none outlives the run. */
  const clients = new Set<LoggedIn>();
  const { reach, load } = createReach({
    homedir,
    hostKeys: createHostKeyStore(options.acceptNewHostKeys ?? false),
    lookup: createLookup({ env, signal: closing.signal }),
    keepalive,
    closing: closing.signal,
    askPassphrase: options.askPassphrase,
    onLoggedIn(client) {
      clients.add(client);
      void client.closed.then(() => clients.delete(client));
    },
  });
  const jumps = createJumps(reach, configOf, limits, closing.signal);

  const shared = { configOf, load, reach, jumps, limits, password: options.password };

  return {
    async connect(host, { connectTimeoutMs, signal }) {
      const { signal: either, release } = linkSignals(signal, closing.signal);
      try {
        // What is under way then closes itself: it heeds the same signal.
        const work = connectTo(shared, host, { connectTimeoutMs, signal: either }, release);
        return await unlessAborted(either, work, interrupted);
      } catch (error) {
        release();
        throw error;
      }
    },
    async close() {
      abort(closing);
      jumps.forget();
      const goodbye = { ...limits, closeMs: Math.min(limits.closeMs, goodbyeMs) };
      await Promise.all([...clients].map((client) => endClient(client, goodbye)));
    },
  };
}

/** What all connections of a run share. */
interface Shared {
  readonly configOf: (query: SshQuery) => Promise<SshSettings>;
  readonly load: () => Promise<unknown>;
  readonly reach: Reach;
  readonly jumps: Jumps;
  readonly limits: Limits;
  readonly password: Secret | undefined;
}

/** `onClosed` hears of the end of a connection that was made. */
async function connectTo(
  shared: Shared,
  host: Host,
  { connectTimeoutMs, signal }: ConnectOptions,
  onClosed: () => void,
): Promise<Connection> {
  const { configOf, load, limits } = shared;
  if (host.target.transport !== 'ssh')
    throw new ZrunError('internal', `the ssh transport was asked for a ${host.target.transport} host`);
  const { password = shared.password } = host.target;
  const target: SshTarget = { ...host.target, ...(password && { password }) };
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
  const logIn = (by: AbortSignal): Promise<LoggedIn> => {
    const attempt = attemptBy(by);
    return throughJump(shared.jumps, chain, attempt, (jump) =>
      shared.reach(target, settings, name, jump, attempt),
    );
  };
  const loggedIn = await logIn(signal);
  void loggedIn.closed.then(onClosed);
  const link = sshLink(loggedIn, {
    name,
    handshakes: () => handshakes,
    limits: { ...limits, startMs: Math.max(limits.startMs, connectTimeoutMs) },
    another: logIn,
  });
  return createConnection(link, signal, limits);
}

/** Logs in to a host, through a jump that is held for as long as the connection stands. */
async function throughJump(
  jumps: Jumps,
  chain: string | undefined,
  attempt: Attempt,
  logIn: (jump: Via | undefined) => Promise<LoggedIn>,
): Promise<LoggedIn> {
  const jump = chain === undefined || chain === 'none' ? undefined : await jumps.acquire(chain, attempt);
  try {
    const loggedIn = await logIn(jump);
    if (jump !== undefined) void loggedIn.closed.then(() => jumps.release(jump));
    return loggedIn;
  } catch (error) {
    if (jump !== undefined) jumps.release(jump);
    throw error;
  }
}

function displayName(host: string, { hostName, port }: SshSettings): string {
  const where = port === 22 ? hostName : `${hostName} port ${port}`;
  return host === hostName && port === 22 ? host : `${host} (${where})`;
}
