/**
 * Owns what the persistent shell needs of a transport: programs on a host with three streams each, and the link that
 * starts them. Knows neither ssh nor child processes.
 */
import type { Readable, Writable } from 'node:stream';
import { ZrunError } from '../core/errors.js';

/** How a program ended. Neither of the two: nobody said, so the link broke or was cut. */
export interface Ended {
  readonly status?: number | undefined;
  /** As `SIGKILL`. */
  readonly signal?: string | undefined;
}

/** A program that runs on a host. Its streams never emit an unhandled `error`. */
export interface Channel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Resolves once, when the program has ended and what it wrote was handed out. Children that keep its output open
   * delay that by no more than a moment. Never rejects.
   */
  readonly ended: Promise<Ended>;
  /** Lets go of it at once. What runs on the host is not killed by that. */
  destroy(): void;
}

/** A way to start programs on one host. */
export interface Link {
  /** How messages call it: `web1 (10.0.0.7 port 22)`. */
  readonly name: string;
  /** SSH handshakes that were made for it. */
  readonly handshakes: number;
  /** Runs a command line by the user's login shell, whichever that is. Rejects with ZrunError. */
  open(command: string): Promise<Channel>;
  /** Undefined while it is whole; then why it is not. */
  lost(): string | undefined;
  /** Ends within a limit. Never rejects. */
  close(): Promise<void>;
}

/** Milliseconds. */
export interface Limits {
  /** From asking for a shell until it says that it is there; sudo's own work is part of it. */
  readonly startMs: number;
  /** From the TERM to the KILL. */
  readonly killGraceMs: number;
  /** For a whole kill, second channel and all. */
  readonly killMs: number;
  /** For a shell or a link to end by itself before it is cut. */
  readonly closeMs: number;
}

export const defaultLimits: Limits = { startMs: 30_000, killGraceMs: 2_000, killMs: 20_000, closeMs: 2_000 };

/** How long a program's output may take to arrive after its end, where something else keeps the output open. */
const drainMs = 300;

/** The end of a channel, told once: what comes after that is not heard. */
interface Ending {
  readonly ended: Promise<Ended>;
  now(how: Ended): void;
  /** When the output has had its moment, unless `now` comes first. `how` is asked then. */
  soon(how: () => Ended): void;
}

export function createEnding(): Ending {
  let resolve: (how: Ended) => void = () => undefined;
  const ended = new Promise<Ended>((tell) => (resolve = tell));
  let isTold = false;
  let timer: NodeJS.Timeout | undefined;
  const now = (how: Ended): void => {
    isTold = true;
    // Or the process would wait for it, at its end.
    clearTimeout(timer);
    resolve(how);
  };
  return {
    ended,
    now,
    soon(how) {
      if (!isTold) timer ??= setTimeout(() => now(how()), drainMs);
    },
  };
}

export function connectionLost({ name }: Pick<Link, 'name'>, why: string): ZrunError {
  return new ZrunError('connection-lost', `the connection to ${name} broke: ${why}`, {
    hint: 'What was under way may or may not have been done. Look at the host before you trust either.',
  });
}
