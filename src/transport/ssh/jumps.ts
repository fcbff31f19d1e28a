/**
 * Owns the connections to jump hosts of a run: each is shared by everything behind it, is cancelled where nobody waits for
 * it any more, and stays for a while after its last user.
 */
import { ZrunError } from '../../core/errors.js';
import type { SshTarget } from '../../core/host.js';
import { abort, onAbort } from '../../core/signals.js';
import type { Limits } from '../channel.js';
import { unlessAborted } from '../limit.js';
import { interrupted } from '../session.js';
import type { Attempt } from './attempt.js';
import type { LoggedIn } from './handshake.js';
import { endClient } from './link.js';
import type { Reach, Via } from './reach.js';
import type { SshQuery, SshSettings } from './settings.js';

/** A jump host's connection, shared by everything behind it. */
interface Jump extends Via {
  /** Ends the attempt, where nobody waits for it any more. */
  readonly cancel: () => void;
  isLoggedIn: boolean;
  users: number;
  linger: NodeJS.Timeout | undefined;
}

export interface Jumps {
  /** The connection to the last jump host of a chain, counted for one more user. Rejects with ZrunError. */
  acquire(chain: string, attempt: Attempt): Promise<Jump>;
  release(jump: Jump): void;
  /** None stays for a next user; who has logged in to them ends them. */
  forget(): void;
}

/** How long a jump host's connection is kept for the next host behind it. Milliseconds. */
const lingerMs = 10_000;

/** `closing` ends the attempts that are under way. */
export function createJumps(
  reach: Reach,
  configOf: (query: SshQuery) => Promise<SshSettings>,
  limits: Limits,
  closing: AbortSignal,
): Jumps {
  const jumps = new Map<string, Jump>();

  const acquire = async (chain: string, attempt: Attempt, depth = 0): Promise<Jump> => {
    if (depth > 8)
      throw new ZrunError('connect-failed', `the jump hosts of ${chain} lead in a circle`, {
        hint: 'Look at ProxyJump in the ssh configuration: a jump host must not need itself.',
      });
    let via: Jump | undefined;
    for (const spec of chain.split(',')) {
      const target = parseJump(spec);
      const settings = await configOf(target);
      if (via === undefined && settings.proxyJump !== undefined)
        via = await acquire(settings.proxyJump, attempt, depth + 1);
      const key = keyOf(settings, via);
      const jump = jumps.get(key) ?? open(key, target, settings, via, attempt);
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

  const open = (
    key: string,
    target: SshTarget,
    settings: SshSettings,
    via: Jump | undefined,
    attempt: Attempt,
  ): Jump => {
    if (via !== undefined) via.users++;
    const name = `jump host ${settings.hostName} port ${settings.port}`;
    const { jump, over } = openJump(key, attempt, closing, (shared) =>
      reach(target, settings, name, via, shared),
    );
    void over.then(() => {
      clearTimeout(jump.linger);
      if (jumps.get(key) === jump) jumps.delete(key);
      if (via !== undefined) release(via);
    });
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
      if (jump.users === 0) void endJump(jump, limits);
    }, lingerMs).unref();
  };

  return {
    acquire: (chain, attempt) => acquire(chain, attempt),
    release,
    forget: () => jumps.forEach((jump) => clearTimeout(jump.linger)),
  };
}

function keyOf({ user, hostName, port }: SshSettings, via: Via | undefined): string {
  return `${user}@${hostName}:${port}${via === undefined ? '' : ` via ${via.key}`}`;
}

/** `over` resolves when the connection has ended, or was not made. */
function openJump(
  key: string,
  attempt: Attempt,
  closing: AbortSignal,
  logIn: (attempt: Attempt) => Promise<LoggedIn>,
): { readonly jump: Jump; readonly over: Promise<void> } {
  // Others wait for the same hop, so it must not end with the first one's signal, but with the last one's.
  const shared = new AbortController();
  const forgetClosing = onAbort(closing, () => abort(shared));
  const loggedIn = logIn({ ...attempt, signal: shared.signal });
  const jump: Jump = {
    key,
    loggedIn,
    cancel: () => abort(shared),
    isLoggedIn: false,
    users: 0,
    linger: undefined,
  };
  const opened = loggedIn.then(({ closed }) => {
    jump.isLoggedIn = true;
    return closed;
  });
  return { jump, over: opened.then(forgetClosing, forgetClosing) };
}

async function endJump({ loggedIn }: Jump, limits: Limits): Promise<void> {
  try {
    await endClient(await loggedIn, limits);
  } catch {
    // It was never there.
  }
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
