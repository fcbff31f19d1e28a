/**
 * Owns shells that left their outputs to children which live on: how many are kept, and when they have to go for a fresh
 * one. Knows no jobs.
 */
import { ZrunError } from '../core/errors.js';
import type { Limits, Link } from './channel.js';
import type { Shell } from './shell.js';

/** How many shells' outputs are left to children at a time; sshd allows ten channels (MaxSessions). */
const mostHeld = 3;

interface HeldShells {
  /** One more, for which an older one may have to go. */
  keep(shell: Shell): void;
  /** Ends the oldest that nothing lives by, but for so many. Returns whether there were any. */
  letGo(most: number): boolean;
  destroyAll(): void;
}

export function createHeldShells(): HeldShells {
  /** The oldest first. */
  const held: Shell[] = [];
  const letGo = (most: number): boolean => {
    const free = held.filter((each) => !each.isAnchored);
    const ended = free.slice(0, Math.max(0, free.length - most));
    for (const each of ended) {
      held.splice(held.indexOf(each), 1);
      each.destroy();
    }
    return ended.length > 0;
  };
  return {
    keep(shell) {
      held.push(shell);
      letGo(mostHeld);
    },
    letGo,
    destroyAll() {
      for (const each of held.splice(0)) each.destroy();
    },
  };
}

/** A host may allow one channel at a time: a child that lives on loses its outputs for that. */
export async function openShell(
  link: Link,
  begin: () => Promise<Shell>,
  held: HeldShells,
  isWanted: () => boolean,
  { closeMs }: Limits,
): Promise<Shell> {
  let error: unknown;
  try {
    return await begin();
  } catch (refusal) {
    if (isSudoNo(refusal) || !held.letGo(0)) throw refusal;
    error = refusal;
  }
  // sshd counts a channel as long as its process lives, which ends when it hears that the channel is closed.
  const end = Date.now() + closeMs;
  while (link.lost() === undefined && isWanted() && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    try {
      return await begin();
    } catch (again) {
      if (isSudoNo(again)) throw again;
      error = again;
    }
  }
  throw error;
}

/** Sudo does not let us become this user. */
export function isSudoNo(error: unknown): error is ZrunError {
  return error instanceof ZrunError && error.code.startsWith('sudo-');
}
