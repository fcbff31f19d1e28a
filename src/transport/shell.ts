/**
 * Owns one life of a persistent shell: its start (with sudo's dialogue), the scripts that are sent to it, and its end. When
 * it ends, it hands back what was never begun. Knows neither ssh nor restarts nor limits of tasks.
 */
import { ZrunError } from '../core/errors.js';
import type { Become } from '../core/host.js';
import {
  asksForPassword,
  firstLine,
  passwordLine,
  startCommand,
  startFailure,
  withoutPrompt,
  wrongPassword,
} from './become.js';
import { connectionLost, type Channel, type Ended, type Limits, type Link } from './channel.js';
import { createScanner, makeNonce } from './frame.js';
import { createAnswers, type Job } from './shell-answers.js';
import { createWriter } from './shell-writer.js';

export interface Shell {
  /** Writes a frame behind the others. Its answer goes to the job. */
  send(job: Job): void;
  /** Jobs that were sent and have no answer yet. */
  readonly unanswered: number;
  /** The one that is running, or runs next. */
  readonly head: Job | undefined;
  /** It takes no more jobs: it has left its outputs to a child that lives on. */
  readonly isHeld: boolean;
  /** Something on the host lives as long as it does. */
  readonly isAnchored: boolean;
  /** The shell's process id on the host, once it is known. */
  readonly pid: number | undefined;
  /** Resolves with the process id; rejects with ZrunError where the shell never was there. */
  readonly started: Promise<number>;
  /** Resolves when it is gone. The jobs that have no answer are the caller's again. Never rejects. */
  readonly ended: Promise<Remains>;
  /** Ends its input: it leaves when it has run what it was sent. Resolves when that is on its way. Never rejects. */
  end(): Promise<void>;
  /** Gives it up, whatever it does. */
  destroy(): void;
}

/** What a shell leaves behind. */
export interface Remains {
  readonly ended: Ended;
  /** Was running. Nobody can say how far it came. */
  readonly running: readonly Job[];
  /** Was never begun. */
  readonly waiting: readonly Job[];
  /** The shell never said that it is there: why. */
  readonly startError: ZrunError | undefined;
  /**
   * Nothing is wrong with the host: this side ended it, as an input broke off, or it left its outputs to a child that
   * lives on. What waits can run in a fresh shell.
   */
  readonly isReplaceable: boolean;
  /** Its outputs belong to a child that lives on; `destroy` takes them from it, and ends the shell. */
  readonly isHeld: boolean;
}
interface ShellEvents {
  /** The host has asked for an input, which is sent now. */
  onAsked(): void;
  /** The shell is there, or a job has been answered: another one is at the head. */
  onTurn(): void;
}

/** A channel in which a shell is about to start. */
interface Opened {
  readonly link: Link;
  readonly channel: Channel;
  /** What the shell says first, and sudo's prompt has in it. */
  readonly nonce: string;
  readonly become: Become | undefined;
}

/**
 * Opens a channel and starts a shell in it. As the login user it can be written to at once: the frames wait for it in
 * the channel. With sudo it resolves when sudo has let us in: what is written before could be taken for a password.
 * Rejects with ZrunError when there is no channel or sudo refuses.
 */
export async function startShell(
  link: Link,
  become: Become | undefined,
  limits: Limits,
  events: ShellEvents,
): Promise<Shell> {
  const nonce = makeNonce();
  const channel = await link.open(startCommand(nonce, become));
  const opened = { link, channel, nonce, become };
  const shell = runShell(opened, awaitStart(opened, limits), events);
  if (become !== undefined) await shell.started;
  return shell;
}

function runShell({ channel, nonce, become }: Opened, start: Start, events: ShellEvents): Shell {
  let isAnchored = false;
  let isChildHolding = false;
  let resolveHeld: (how: Ended) => void;
  const held = new Promise<Ended>((resolve) => (resolveHeld = resolve));
  const gone = Promise.race([channel.ended, held]);

  const answers = createAnswers((frame) => {
    if (frame.isHeld) {
      isChildHolding = true;
      resolveHeld({ status: 0 });
    }
    events.onTurn();
  });
  const scanStdout = createScanner({
    expected: () => (start.pid === undefined ? nonce : answers.stdout.expected()),
    text(chunk) {
      if (start.pid !== undefined) answers.stdout.text(chunk);
      // Some su ask there.
      else if (become?.method === 'su') start.hear(chunk);
    },
    mark(word) {
      if (start.pid !== undefined) {
        answers.stdout.mark(word);
        return;
      }
      start.succeed(Number.parseInt(word, 10));
      events.onTurn();
    },
  });
  const scanStderr = createScanner({
    ...answers.stderr,
    text(chunk) {
      if (start.pid === undefined) start.hear(chunk);
      else answers.stderr.text(chunk);
    },
  });
  channel.stdout.on('data', scanStdout);
  channel.stderr.on('data', scanStderr);
  const writer = createWriter(channel.stdin, firstLine(nonce, become), gone, () => events.onAsked());

  const ended = gone.then((how): Remains => {
    const startError = start.giveUp(how);
    return {
      ended: how,
      isReplaceable: writer.hasGivenUp || isChildHolding,
      isHeld: isChildHolding,
      ...answers.giveUp(),
      startError,
    };
  });

  return {
    started: start.started,
    ended,
    get unanswered() {
      return answers.count;
    },
    get head() {
      return answers.head;
    },
    get isHeld() {
      return isChildHolding;
    },
    get isAnchored() {
      return isAnchored;
    },
    get pid() {
      return start.pid;
    },
    send(job) {
      isAnchored ||= job.isAnchored;
      writer.write(answers.expect(job));
    },
    end: () => writer.end(),
    destroy: () => channel.destroy(),
  };
}

/** What goes on in a channel until the shell says that it is there. */
interface Start {
  /** The shell's process id, once it is there. */
  readonly pid: number | undefined;
  /** As the shell's own. */
  readonly started: Promise<number>;
  /** Words on standard error, sudo's prompt among them, which is answered. */
  hear(chunk: Buffer): void;
  /** The shell has said that it is there. */
  succeed(pid: number): void;
  /** The channel has ended: returns why the shell never was there, unless it was. */
  giveUp(how: Ended): ZrunError | undefined;
}

/** How much of what is said before the start is kept, for messages and to find sudo's prompt at its end. */
const keptWords = 8192;

/** Destroys the channel where sudo refuses, or the limit is over. */
function awaitStart({ link, channel, nonce, become }: Opened, { startMs }: Limits): Start {
  let pid: number | undefined;
  let error: ZrunError | undefined;
  let words = '';
  let passwordSent = false;

  let resolveStarted: (pid: number) => void;
  let rejectStarted: (error: unknown) => void;
  const started = new Promise<number>((resolve, reject) => {
    resolveStarted = resolve;
    rejectStarted = reject;
  });
  // As the login user nobody waits for it.
  started.catch(() => undefined);

  const fail = (why: ZrunError): void => {
    if (pid !== undefined || error !== undefined) return;
    error = why;
    rejectStarted(why);
    channel.destroy();
  };
  const timer = setTimeout(
    () => fail(startFailure(become, words, undefined, passwordSent, startMs)),
    startMs,
  );

  return {
    started,
    get pid() {
      return pid;
    },
    hear(chunk) {
      words = (words + chunk.toString('utf8')).slice(-keptWords);
      if (become === undefined) return;
      if (!asksForPassword(become, nonce, words)) return;
      words = withoutPrompt(become, nonce, words);
      if (passwordSent) {
        fail(wrongPassword(become));
        return;
      }
      try {
        channel.stdin.write(passwordLine(become));
        passwordSent = true;
      } catch (refusal) {
        if (!(refusal instanceof ZrunError)) throw refusal;
        fail(refusal);
      }
    },
    succeed(itsPid) {
      pid = itsPid;
      clearTimeout(timer);
      resolveStarted(pid);
    },
    giveUp(how) {
      clearTimeout(timer);
      if (pid !== undefined || error !== undefined) return error;
      // A link that broke is not a host that said no.
      error =
        how.status === undefined && how.signal === undefined
          ? connectionLost(link, link.lost() ?? 'it was cut while a shell was being started')
          : startFailure(become, words, how, passwordSent, startMs);
      rejectStarted(error);
      return error;
    },
  };
}
