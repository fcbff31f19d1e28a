/**
 * Owns what runs as one user of a host: the order of the scripts, their limits, and a fresh shell where one was killed
 * or has died. Knows shells, not channels.
 *
 * createSession is one function, since its queue, the shell and the sentence on it only change together.
 */
import { ZrunError } from '../core/errors.js';
import type { Become } from '../core/host.js';
import { connectionLost, type Limits, type Link } from './channel.js';
import { createHeldShells, isSudoNo, openShell } from './held-shells.js';
import { killTreeScript } from './kill.js';
import { within } from './limit.js';
import type { Job } from './shell-answers.js';
import { startShell, type Remains, type Shell } from './shell.js';

export interface Session {
  run(job: Job): void;
  /** Rejects the job with `interrupted`, once it is killed where it was running already. The others go on. */
  cancel(job: Job): void;
  /** Kills what runs there, and rejects whatever has no answer. Never rejects itself. */
  stop(error: ZrunError): Promise<void>;
}

interface SessionEvents {
  /** Something is sent while nothing is under way, or a large input that the host has asked for. */
  onExchange(): void;
}

export function createSession(
  link: Link,
  become: Become | undefined,
  limits: Limits,
  events: SessionEvents,
): Session {
  /** Not written to a shell yet. */
  const queue: Job[] = [];
  let shell: Shell | undefined;
  let isStarting = false;
  let stopped: ZrunError | undefined;
  /** Sudo's no. It is not asked again: too many wrong passwords lock an account. */
  let refused: ZrunError | undefined;
  const clock = createClock();
  /** The job that is being killed, and why. */
  let condemned: Sentence | undefined;
  const held = createHeldShells();
  /** Sent already, but unwanted. */
  const cancelled = new WeakSet<Job>();
  /** Under way: nothing is told before what ran on the host is really gone. */
  let killing: Promise<unknown> = Promise.resolve();

  const flush = (): void => {
    if (stopped !== undefined || condemned !== undefined) return;
    const lost = link.lost();
    if (lost !== undefined) {
      rejectAll(queue.splice(0), connectionLost(link, lost));
      return;
    }
    if (shell === undefined) {
      if (queue.length > 0 && !isStarting) void start();
      return;
    }
    if (queue.length === 0) return;
    if (shell.unanswered === 0) events.onExchange();
    for (const job of queue.splice(0)) shell.send(job);
    watch();
  };

  const start = async (): Promise<void> => {
    isStarting = true;
    // Sudo has to answer before anything else can be sent.
    if (become !== undefined) events.onExchange();
    try {
      const fresh = await openFresh();
      isStarting = false;
      if (stopped !== undefined) {
        fresh.destroy();
        return;
      }
      shell = fresh;
      void fresh.ended.then(async (remains) => {
        await killing;
        onEnded(fresh, remains);
      });
    } catch (error) {
      isStarting = false;
      if (isSudoNo(error)) refused = error;
      rejectAll(queue.splice(0), error);
      return;
    }
    flush();
  };

  const openFresh = (): Promise<Shell> =>
    openShell(
      link,
      () => startShell(link, become, limits, { onTurn, onAsked: () => events.onExchange() }),
      held,
      () => stopped === undefined,
      limits,
    );

  const onTurn = (): void => {
    // Nothing more is sent to it, whatever comes before its end is reported.
    if (shell?.isHeld === true) shell = undefined;
    watch();
  };

  const onEnded = (which: Shell, remains: Remains): void => {
    if (shell === which) shell = undefined;
    if (remains.isHeld) held.keep(which);
    watch();
    if (stopped !== undefined) {
      rejectAll([...remains.running, ...remains.waiting], stopped);
      return;
    }
    const sentence = condemned;
    condemned = undefined;
    queue.unshift(...settleRemains(link, remains, sentence, cancelled));
    flush();
  };

  /** Starts the clock of the job at the head, or ends it where nobody wants it any more. */
  const watch = (): void => {
    const head = shell?.pid === undefined ? undefined : shell.head;
    if (head !== undefined && shell !== undefined && cancelled.has(head)) {
      void condemn(shell, { job: head, error: interrupted });
      return;
    }
    clock.watch(head, (late) => {
      if (shell?.head === late)
        void condemn(shell, { job: late, error: (failure) => taskTimeout(late, failure) });
    });
  };

  const condemn = async (which: Shell, sentence: Sentence): Promise<void> => {
    if (stopped !== undefined || condemned !== undefined) return;
    condemned = sentence;
    const failure = await killShell(which);
    // Where the link is lost, the shell's end says so.
    if (failure !== undefined && condemned === sentence && link.lost() === undefined) {
      condemned = undefined;
      if (shell === which) shell = undefined;
      sentence.job.reject(sentence.error(failure));
    }
  };

  /** Resolves with why it could not be done, if it could not; the shell is ended either way. */
  const killShell = async (which: Shell): Promise<string | undefined> => {
    const work = killTree(link, become, limits, which);
    killing = work;
    const failure = await work;
    if (failure === undefined) await within(limits.closeMs, which.ended, () => undefined);
    which.destroy();
    if (failure === undefined) await which.ended;
    return failure;
  };

  return {
    run(job) {
      const no = stopped ?? refused;
      if (no !== undefined) {
        job.reject(no);
        return;
      }
      queue.push(job);
      flush();
    },
    cancel(job) {
      const at = queue.indexOf(job);
      if (at === -1) {
        cancelled.add(job);
        watch();
        return;
      }
      queue.splice(at, 1);
      job.reject(interrupted());
    },
    async stop(error) {
      if (stopped !== undefined) return;
      stopped = error;
      clock.stop();
      const which = shell;
      if (which !== undefined) {
        const isIdle = which.unanswered === 0;
        if (isIdle || link.lost() !== undefined) await within(limits.closeMs, which.end(), () => undefined);
        else {
          const failure = await killShell(which);
          if (failure !== undefined) stopped = stillRunning(error, failure);
        }
        // An idle one has nothing left to say, and leaves by itself while the link ends: no round trip for that.
        if (!isIdle) {
          await within(limits.closeMs, which.ended, () => undefined);
          which.destroy();
          await which.ended;
        }
      }
      held.destroyAll();
      rejectAll(queue.splice(0), error);
    },
  };
}

/**
 * Settles the jobs that an ended shell leaves behind, but for those that can run in a fresh one: it returns these. None of
 * them was begun.
 */
function settleRemains(
  link: Link,
  remains: Remains,
  sentence: Sentence | undefined,
  cancelled: WeakSet<Job>,
): readonly Job[] {
  const lost = link.lost();
  const error =
    remains.startError ??
    connectionLost(link, lost ?? (sentence ? 'its shell was killed' : howShellEnded(remains)));
  for (const job of remains.running) job.reject(job === sentence?.job ? sentence.error() : error);
  rejectAll(
    remains.waiting.filter((job) => cancelled.has(job)),
    interrupted(),
  );
  if (sentence !== undefined && remains.waiting.includes(sentence.job)) sentence.job.reject(sentence.error());
  const waiting = remains.waiting.filter((job) => !cancelled.has(job) && job !== sentence?.job);
  // What stood behind a killed one was never begun: it runs in a fresh shell.
  const canGoOn = (sentence !== undefined || remains.isReplaceable) && lost === undefined;
  if (canGoOn) return waiting;
  rejectAll(waiting, error);
  return [];
}

interface Clock {
  /** Starts anew for another job, and runs on for the same one. It stands without a job, and for one without a limit. */
  watch(job: Job | undefined, onLate: (job: Job) => void): void;
  stop(): void;
}

/** The limit of the job whose turn it is. */
function createClock(): Clock {
  let watched: Job | undefined;
  let handle: NodeJS.Timeout | undefined;
  return {
    watch(job, onLate) {
      if (watched === job) return;
      clearTimeout(handle);
      watched = job;
      if (job?.timeoutMs === undefined) return;
      handle = setTimeout(() => onLate(job), job.timeoutMs);
    },
    stop: () => clearTimeout(handle),
  };
}

/** A job that is to be killed, and the error that it then ends with. */
interface Sentence {
  readonly job: Job;
  /** `failure`: why it could not be killed. */
  readonly error: (failure?: string) => ZrunError;
}

/** Kills all that a shell has started, and the shell, by another one. Resolves with why it could not. */
async function killTree(
  link: Link,
  become: Become | undefined,
  limits: Limits,
  victim: Shell,
): Promise<string | undefined> {
  let killer: Shell | undefined;
  const work = async (): Promise<string | undefined> => {
    // It may be at work already, and its process id still on the way to us.
    const pid = await victim.started.catch(() => undefined);
    if (pid === undefined) return undefined;
    const script = killTreeScript(pid, limits.killGraceMs).shellText;
    const fresh = await startShell(link, become, limits, {
      onTurn: () => undefined,
      onAsked: () => undefined,
    });
    killer = fresh;
    const left = await new Promise<string>((resolve, reject) => {
      fresh.send({
        script,
        needs: [],
        stdin: undefined,
        timeoutMs: undefined,
        keep: undefined,
        onOutput: undefined,
        isAnchored: false,
        isTerse: false,
        resolve: (output) => resolve(output.stdout.toString('utf8').trim()),
        reject,
      });
      void fresh.ended.then((remains) =>
        reject(remains.startError ?? connectionLost(link, howShellEnded(remains))),
      );
    });
    return left === '' ? undefined : `process ${left} does not end`;
  };
  try {
    return await within(limits.killMs, work(), () => `no answer within ${limits.killMs / 1000} seconds`);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    void killer?.end();
    killer?.destroy();
  }
}

export function interrupted(failure?: string): ZrunError {
  const error = new ZrunError('interrupted', 'the run was stopped');
  return failure === undefined ? error : stillRunning(error, failure);
}

function stillRunning(error: ZrunError, failure: string): ZrunError {
  return new ZrunError(
    error.code,
    `${error.message}, and what ran on the host could not be killed: ${failure}`,
    { hint: 'It may still be at work there. Look before you run this again.' },
  );
}

function taskTimeout(job: Job, failure?: string): ZrunError {
  const seconds = (job.timeoutMs ?? 0) / 1000;
  return failure === undefined
    ? new ZrunError('task-timeout', `not done within ${seconds} seconds, and killed on the host`, {
        hint: 'Give the task more time with timeout:, or find out on the host what it waits for.',
      })
    : new ZrunError(
        'task-timeout',
        `not done within ${seconds} seconds, and could not be killed: ${failure}`,
        {
          hint: 'It may still be at work on the host. Look there before you run this again.',
        },
      );
}

function howShellEnded({ ended }: Remains): string {
  if (ended.signal !== undefined) return `its shell was ended by ${ended.signal}`;
  if (ended.status !== undefined) return `its shell ended with exit code ${ended.status}`;
  return 'its shell went away without an exit code';
}

function rejectAll(jobs: readonly Job[], error: unknown): void {
  for (const job of jobs) job.reject(error);
}
