/**
 * Owns one SSH handshake: from a stream to a client that is logged in, or the reason why not.
 */
import type { Readable } from 'node:stream';
import type { Client } from 'ssh2';
import { ZrunError } from '../../core/errors.js';
import type { Secret } from '../../core/secret.js';
import type { HostKeyCheck } from './host-key-check.js';
import { unlessAborted } from '../limit.js';
import { interrupted } from '../session.js';
import { hostKeysInOrder, ssh2Algorithms, type Algorithms } from './algorithms.js';
import type { Credentials } from './keys.js';
import { createPasswordLogin, refuseChange, type PasswordLogin } from './password.js';
import type { Ssh2 } from './ssh2.js';

/** The server hung up before it said which keys it takes: it may be full (sshd_config(5), MaxStartups). */
export class DroppedError extends Error {
  override readonly name = 'DroppedError';
}

interface HandshakeRequest {
  /** For messages. */
  readonly name: string;
  readonly user: string;
  /** The same login with ssh itself, where that can be written down. */
  readonly byHand: string | undefined;
  readonly credentials: Credentials;
  readonly password: Secret | undefined;
  readonly hostKey: HostKeyCheck;
  readonly keepalive: Keepalive;
  readonly algorithms: Algorithms;
  /** Ends the attempt, and the stream with it. */
  readonly signal: AbortSignal;
}

/** A link is lost when `count` questions at this interval (milliseconds) went without an answer. */
export interface Keepalive {
  readonly intervalMs: number;
  readonly count: number;
}

/** A client that is logged in. */
export interface LoggedIn {
  readonly client: Client;
  /** Undefined while it is whole; then why it is not. */
  lost(): string | undefined;
  readonly closed: Promise<void>;
  /**
   * Ends the stream at once, whatever state it is in. ssh2's own `destroy()` does nothing after `end()`, so a socket to
   * a dead host would stay for as long as the system sends its last bytes again.
   */
  destroy(): void;
}

/** What has been heard of a client so far. */
interface Seen {
  hasHandshake: boolean;
  isReady: boolean;
  lost: string | undefined;
  keyError: Error | undefined;
  lastError: (Error & { level?: string | undefined }) | undefined;
  methodsLeft: readonly string[] | undefined;
  expired: Error | undefined;
}

/** A stage: what is waited for while keys are tried. */
const waitsForHost = 'it has not answered to the keys';

/**
 * Logs in over a stream, which it ends where that fails. `onStage` hears what is waited for, for the message of a limit
 * that expires. Rejects with ZrunError, or DroppedError where another try may do.
 */
export async function logIn(
  ssh2: Ssh2,
  stream: Readable,
  request: HandshakeRequest,
  onStage: (stage: string) => void,
): Promise<LoggedIn> {
  const { user, credentials, password, hostKey, keepalive, algorithms, signal } = request;
  const client = new ssh2.Client();
  const methods = [
    ...credentials.methods(signal, (isWaiting) =>
      onStage(isWaiting ? 'the ssh agent on this machine has not signed' : waitsForHost),
    ),
  ];

  const passwordLogin = createPasswordLogin(user, password);

  onStage('it has not finished the SSH handshake');
  const { seen, ready, closed } = watchClient(client, () => onStage(waitsForHost));

  refuseChange(client, (error) => (seen.expired = error));
  client.connect({
    sock: stream,
    username: user,
    // The whole way to the host has one limit, which the caller keeps.
    readyTimeout: 0,
    keepaliveInterval: keepalive.intervalMs,
    keepaliveCountMax: keepalive.count,
    algorithms: ssh2Algorithms(algorithms, hostKeysInOrder(hostKey.recordedTypes, algorithms)),
    hostVerifier: (key: Buffer, verify: (isTrusted: boolean) => void): void => {
      onStage('its host key is being checked');
      hostKey.check(key).then(
        () => verify(true),
        (error: unknown) => {
          seen.keyError = error instanceof Error ? error : new Error(String(error));
          verify(false);
        },
      );
    },
    // Returning false ends the authentication; the package's types leave that out.
    authHandler: (left): unknown => {
      // The first call comes before the server has said anything.
      const said = left as readonly string[] | null;
      if (said !== null) seen.methodsLeft = said;
      return methods.shift() ?? passwordLogin.next(said);
    },
  });

  const destroy = (): void => void stream.destroy();
  try {
    const how = await unlessAborted(signal, Promise.race([ready, closed]), interrupted);
    if (how === 'ready') return { client, lost: () => seen.lost, closed, destroy };
  } catch (error) {
    destroy();
    throw error;
  }
  destroy();
  throw refusalOf(request, seen, passwordLogin);
}

/** Listens for the client's whole life: an error without a listener ends the process. */
function watchClient(
  client: Client,
  onHandshake: () => void,
): { readonly seen: Seen; readonly ready: Promise<'ready'>; readonly closed: Promise<void> } {
  const seen: Seen = {
    hasHandshake: false,
    isReady: false,
    lost: undefined,
    keyError: undefined,
    lastError: undefined,
    methodsLeft: undefined,
    expired: undefined,
  };
  client.on('error', (error) => {
    // A key of the agent that does not sign is followed by the next one.
    if (error.level !== 'agent') seen.lastError = error;
    if (seen.isReady) seen.lost ??= error.message;
  });
  client.on('handshake', () => {
    seen.hasHandshake = true;
    onHandshake();
  });
  const closed = new Promise<void>((resolve) => {
    client.once('close', () => {
      seen.lost ??= 'the host closed it';
      resolve();
    });
  });
  const ready = new Promise<'ready'>((resolve) => {
    client.once('ready', () => {
      seen.isReady = true;
      resolve('ready');
    });
  });
  return { seen, ready, closed };
}

/** Why a client that has closed was never logged in. */
function refusalOf(request: HandshakeRequest, seen: Seen, login: PasswordLogin): Error {
  const { name } = request;
  if (seen.keyError !== undefined) return seen.keyError;
  if (seen.expired !== undefined)
    return new ZrunError(
      'auth-failed',
      `${name} does not let user ${request.user} in: ${seen.expired.message}`,
      { hint: `Log in by hand, and change it${request.byHand === undefined ? '.' : `: ${request.byHand}`}` },
    );
  const said = seen.lastError?.message ?? seen.lost ?? 'it closed the connection';
  if (seen.lastError?.level === 'client-authentication' || /too many authentication failures/i.test(said))
    return authFailed(request, said, seen.methodsLeft, login);
  if (seen.lastError?.level === 'handshake')
    return new ZrunError('connect-failed', `cannot agree with ${name} on how to encrypt: ${said}`, {
      hint:
        'Its sshd may be very old, or restricted to algorithms that zrun does not have or does not offer by itself ' +
        '(SHA-1). KexAlgorithms, Ciphers, MACs and HostKeyAlgorithms of the ssh configuration can name others for it.',
    });
  if (!seen.hasHandshake) return new DroppedError(`${name} hung up before the handshake was done: ${said}`);
  return new ZrunError('connect-failed', `${name} hung up while we logged in: ${said}`, {
    hint: "Its sshd's log says why (journalctl -u ssh).",
  });
}

function authFailed(
  { name, user, byHand, credentials }: HandshakeRequest,
  said: string,
  methodsLeft: readonly string[] | undefined,
  login: PasswordLogin,
): ZrunError {
  const { offered, passedOver } = credentials;
  const tried = offered.length === 0 ? 'there was none to offer' : `tried ${offered.join(', ')}`;
  const others = passedOver.length === 0 ? '' : `; passed over ${passedOver.join(', ')}`;
  if (/too many/i.test(said))
    return new ZrunError('auth-failed', `${name} cut us off after too many keys for user ${user}: ${tried}`, {
      hint: 'Name the right one: --private-key, or IdentityFile with IdentitiesOnly yes in the ssh configuration.',
    });
  if (login.asked.length > 0)
    return new ZrunError(
      'auth-failed',
      `${name} asks user ${user} for more than a password, which zrun cannot answer: ${login.asked.join(' ')}`,
      { hint: 'Allow this user to log in with a key alone, or with a password alone.' },
    );
  if (login.wasSent) {
    const keys = offered.length === 0 ? '' : `, and every key: ${tried}`;
    const isHalf = methodsLeft !== undefined && !methodsLeft.some((one) => /password|keyboard/.test(one));
    return new ZrunError(
      'auth-failed',
      isHalf
        ? `${name} took the password of user ${user}, and wants ${methodsLeft.join(', ')} besides${others}`
        : `${name} refused the password of user ${user}${keys}${others}`,
      {
        hint: 'Is this the right user, and the right password? It is tried once, so that no account is locked.',
      },
    );
  }
  return new ZrunError('auth-failed', `${name} refused every key for user ${user}: ${tried}${others}`, {
    hint: keysHint(byHand, methodsLeft),
  });
}

function keysHint(byHand: string | undefined, methodsLeft: readonly string[] = ['publickey']): string {
  const takesPassword = methodsLeft.some((method) => /^(?:password|keyboard-interactive)$/.test(method));
  const give = 'give it with -k (--ask-pass), or ansible_password.';
  if (methodsLeft.includes('publickey'))
    return (
      `Is this the right user, and is the key's public half in its authorized_keys?` +
      (byHand === undefined ? '' : ` Try: ${byHand} true`) +
      (takesPassword ? `\nIt may take a password too: ${give}` : '')
    );
  const only = `It takes only ${methodsLeft.join(', ')}`;
  return takesPassword
    ? `${only}. A password: ${give}`
    : `${only}, which zrun does not do. Allow PubkeyAuthentication there.`;
}
