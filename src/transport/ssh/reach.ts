/**
 * Owns the way to one endpoint: with which keys, against which host keys, over which stream, and how many handshakes are
 * under way to it at a time.
 */
import type { Readable } from 'node:stream';
import type { LookupFunction } from 'node:net';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Client } from 'ssh2';
import { ZrunError } from '../../core/errors.js';
import type { SshTarget } from '../../core/host.js';
import type { HostKeyStore } from './host-key-check.js';
import { unlessAborted } from '../limit.js';
import { interrupted } from '../session.js';
import { connectSocket } from './socket.js';
import { loginByHand } from './by-hand.js';
import { withRetries, type Attempt, type Try } from './attempt.js';
import { DroppedError, logIn, type Keepalive, type LoggedIn } from './handshake.js';
import { createKeyRing, type AskPassphrase } from './keys.js';
import { openProxy } from './proxy-command.js';
import type { SshSettings } from './settings.js';
import { loadSsh2 } from './ssh2.js';

/** A connection to a jump host. */
export interface Via {
  readonly key: string;
  readonly loggedIn: Promise<LoggedIn>;
}

/** Logs in to one endpoint, through a jump host if there is one. Rejects with ZrunError. */
export type Reach = (
  target: SshTarget,
  settings: SshSettings,
  name: string,
  jump: Via | undefined,
  attempt: Attempt,
) => Promise<LoggedIn>;

interface ReachOptions {
  readonly homedir: string;
  readonly hostKeys: HostKeyStore;
  readonly lookup: LookupFunction;
  readonly keepalive: Keepalive;
  /** Ends what is asked of agents. */
  readonly closing: AbortSignal;
  readonly askPassphrase: AskPassphrase | undefined;
  /** Hears of each client that is logged in, so that none outlives the run. */
  readonly onLoggedIn: (client: LoggedIn) => void;
}

/** Handshakes at a time to one endpoint, or through one jump host: sshd drops more (MaxStartups 10:30:100). */
const handshakesAtATime = 10;

/** `load` may be called before anything is reached, so that ssh2 is there when it is needed. */
export function createReach(options: ReachOptions): {
  readonly reach: Reach;
  readonly load: () => Promise<unknown>;
} {
  const { homedir, hostKeys, lookup, keepalive, closing, askPassphrase, onLoggedIn } = options;
  const gates = new Map<string, LimitFunction>();
  const load = once(async () => {
    const ssh2 = await loadSsh2();
    return { ssh2, keyRing: createKeyRing(ssh2, closing, askPassphrase) };
  });
  const gateOf = (key: string): LimitFunction => {
    const gate = gates.get(key) ?? pLimit(handshakesAtATime);
    gates.set(key, gate);
    return gate;
  };

  const reach: Reach = async (target, settings, name, jump, attempt) => {
    const { ssh2, keyRing } = await load();
    const keyFile = target.privateKeyFile?.replace(/^~(?=\/)/, homedir);
    const credentials = await keyRing(settings.user, settings, {
      privateKeyFile: keyFile,
      hasPassword: target.password !== undefined,
    });
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

    const attemptOnce: Try = async (onStage, signal) => {
      onStage('it does not answer on that port');
      const { algorithms, user } = settings;
      const command = jump === undefined ? (target.proxyCommand ?? settings.proxyCommand) : undefined;
      const proxy =
        command === undefined
          ? undefined
          : openProxy({ command, host: hostName, port, user, name: target.address }, name);
      const stream =
        proxy?.stream ??
        (jump === undefined
          ? await connectSocket(name, hostName, port, lookup, signal)
          : await forward((await jump.loggedIn).client, jump.key, name, hostName, port, signal));
      const loggedIn = await logIn(
        ssh2,
        stream,
        {
          name,
          user,
          byHand: loginByHand(target, settings, jump?.key),
          credentials,
          password: target.password,
          hostKey,
          keepalive,
          algorithms,
          signal,
        },
        onStage,
      ).catch((error: unknown) => {
        throw (error instanceof DroppedError ? proxy?.failure() : undefined) ?? error;
      });
      onLoggedIn(loggedIn);
      attempt.onHandshake();
      return loggedIn;
    };
    try {
      return await gate(() => withRetries(attemptOnce, gate, name, attempt));
    } catch (error) {
      if (!(error instanceof ZrunError)) throw error;
      const tried = [
        `${settings.user}@${hostName}:${port}${jump === undefined ? '' : ` through ${jump.key}`}`,
        `keys: ${credentials.offered.join(', ') || 'none'}`,
        ...(target.password === undefined ? [] : ['a password']),
        ...(credentials.passedOver.length === 0 ? [] : [`passed over: ${credentials.passedOver.join(', ')}`]),
        `known_hosts: ${[...knownHostsFiles, ...settings.globalKnownHostsFiles].join(', ')}`,
      ];
      const { code, message, problem, cause } = error;
      throw new ZrunError(code, message, { ...problem, cause, tried: tried.join('; ') });
    }
  };
  return { reach, load };
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

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
