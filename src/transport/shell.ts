/**
 * Owns one life of a persistent shell: its start (with sudo's dialogue), the frames that were written to it, and the
 * answers. When it ends, it hands back what was never begun. Knows neither ssh nor restarts nor limits of tasks.
 */
import { ZrunError } from '../core/errors.js';
import { gatherInput, type Become, type Input, type Output } from '../core/host.js';
import { createKept, defaultBound, type Kept, type OutputBound } from '../core/kept-output.js';
import { firstLine, passwordLine, promptOf, startCommand, startFailure, wrongPassword } from './become.js';
import { connectionLost, type Channel, type Ended, type Limits, type Link } from './channel.js';
import {
  collectedText,
  createScanner,
  frameText,
  helpers,
  inputText,
  isHeld,
  largeFrameText,
  largeInput,
  makeNonce,
  noRoom,
  takesBytes,
  takesText,
  type Marks,
} from './frame.js';

/** A script on its way: what is sent, and where its answer goes. */
export interface Job {
  readonly script: string;
  readonly stdin: Input | undefined;
  readonly timeoutMs: number | undefined;
  readonly keep: OutputBound | undefined;
  readonly onOutput: ((stream: 'stdout' | 'stderr', chunk: Buffer) => void) | undefined;
  /** See RunOptions. */
  readonly isAnchored: boolean;
  /** See Probe: it changes nothing either, so that it may run twice. */
  readonly isTerse: boolean;
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
}

/** A job that was written to a shell. */
interface Frame {
  readonly job: Job;
  readonly nonce: string;
  readonly marks: Marks;
  /** Undefined while there is nothing. */
  stdout: Kept | undefined;
  stderr: Kept | undefined;
  begun: boolean;
  /** What the mark on standard output said: an exit status, or why there is none. */
  word: string | undefined;
  /** The shell leaves its outputs to a child of this frame. */
  isHeld: boolean;
  stderrBegun: boolean;
  stderrEnded: boolean;
  /** For a large input: the host says how it takes it. */
  onReady: ((word: string) => void) | undefined;
  onAnswer: (() => void) | undefined;
  /** Why its input was not to be had. */
  failure: unknown;
}

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

/** How much of what is said before the start is kept, for messages and to find sudo's prompt at its end. */
const keptWords = 8192;

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
  const shell = runShell(link, channel, nonce, become, limits, events);
  if (become !== undefined) await shell.started;
  return shell;
}

function runShell(
  link: Link,
  channel: Channel,
  startNonce: string,
  become: Become | undefined,
  limits: Limits,
  events: ShellEvents,
): Shell {
  const frames: Frame[] = [];
  /** What went before, at first a start-up file, may still have something to say on standard error. */
  let mayLag = true;
  let hasHelpers = false;
  let isAnchored = false;
  let writing: Promise<void> = Promise.resolve();
  let pid: number | undefined;
  let isGone = false;
  let isGivenUp = false;
  let resolveHeld: (how: Ended) => void;
  const held = new Promise<Ended>((resolve) => (resolveHeld = resolve));
  let isChildHolding = false;
  let words = '';
  let passwordSent = false;
  let startError: ZrunError | undefined;

  let resolveStarted: (pid: number) => void;
  let rejectStarted: (error: unknown) => void;
  const started = new Promise<number>((resolve, reject) => {
    resolveStarted = resolve;
    rejectStarted = reject;
  });
  // As the login user nobody waits for it.
  started.catch(() => undefined);

  const failStart = (error: ZrunError): void => {
    if (pid !== undefined || startError !== undefined) return;
    startError = error;
    rejectStarted(error);
    channel.destroy();
  };
  const startTimer = setTimeout(
    () => failStart(startFailure(become, words, undefined, passwordSent, limits.startMs)),
    limits.startMs,
  );

  const hear = (chunk: Buffer): void => {
    if (pid !== undefined) return;
    words = (words + chunk.toString('utf8')).slice(-keptWords);
    if (become === undefined) return;
    const prompt = promptOf(startNonce);
    if (!words.includes(prompt)) return;
    words = words.replace(prompt, '');
    if (passwordSent) {
      failStart(wrongPassword(become));
      return;
    }
    try {
      channel.stdin.write(passwordLine(become));
      passwordSent = true;
    } catch (error) {
      if (!(error instanceof ZrunError)) throw error;
      failStart(error);
    }
  };

  const answer = (): void => {
    for (let frame = frames[0]; frame?.word !== undefined && frame.stderrEnded; frame = frames[0]) {
      frames.shift();
      settle(frame);
      frame.onAnswer?.();
      if (frame.isHeld) {
        isChildHolding = true;
        resolveHeld({ status: 0 });
      }
      events.onTurn();
    }
  };

  const scanStdout = createScanner({
    expected: () => (pid === undefined ? startNonce : stdoutFrame(frames)?.nonce),
    text(chunk) {
      const frame = stdoutFrame(frames);
      if (pid === undefined || !frame?.begun) return;
      (frame.stdout ??= createKept(frame.job.keep ?? defaultBound)).add(chunk);
      frame.job.onOutput?.('stdout', chunk);
    },
    mark(word) {
      if (pid === undefined) {
        pid = Number.parseInt(word, 10);
        clearTimeout(startTimer);
        resolveStarted(pid);
        events.onTurn();
        return;
      }
      const frame = stdoutFrame(frames);
      if (frame === undefined) return;
      if (word === takesBytes || word === takesText) {
        frame.onReady?.(word);
        return;
      }
      if (word === '+') frame.begun = true;
      else {
        frame.isHeld = word.endsWith(isHeld);
        frame.word = word.slice(1, frame.isHeld ? -isHeld.length : undefined);
        if (frame.marks === 'end' && frame.word === '0') frame.stderrEnded = true;
      }
      answer();
    },
  });
  const scanStderr = createScanner({
    expected: () => stderrFrame(frames)?.nonce,
    text(chunk) {
      const frame = stderrFrame(frames);
      if (pid === undefined || !frame?.stderrBegun) {
        hear(chunk);
        return;
      }
      (frame.stderr ??= createKept(frame.job.keep ?? defaultBound)).add(chunk);
      frame.job.onOutput?.('stderr', chunk);
    },
    mark(word) {
      const frame = stderrFrame(frames);
      if (frame === undefined) return;
      if (word === '+') frame.stderrBegun = true;
      else frame.stderrEnded = true;
      answer();
    },
  });
  channel.stdout.on('data', scanStdout);
  channel.stderr.on('data', scanStderr);

  const gone = Promise.race([channel.ended, held]).then((how) => {
    isGone = true;
    clearTimeout(startTimer);
    return how;
  });

  const write = async (text: string | Uint8Array): Promise<void> => {
    if (isGone || isGivenUp || channel.stdin.write(text)) return;
    const { stdin } = channel;
    let onDrain = (): void => undefined;
    const drained = new Promise<void>((resolve) => {
      onDrain = resolve;
      stdin.once('drain', onDrain);
    });
    await Promise.race([drained, gone]);
    stdin.off('drain', onDrain);
  };

  const writeFrame = async (frame: Frame): Promise<void> => {
    const { nonce, job } = frame;
    const { script, stdin } = job;
    try {
      const isLarge = stdin !== undefined && stdin.length > largeInput;
      const text = isLarge ? '' : frameText(nonce, script, stdin && (await gatherInput(stdin)), frame.marks);
      const before = frame.marks === 'end' || hasHelpers ? '' : helpers();
      if (before !== '') hasHelpers = true;
      if (isLarge) await writeLarge(frame, stdin, before);
      else await write(`${before}${text}`);
    } catch (error) {
      frame.failure = error;
      // Whatever the host has of it is not all of it.
      isGivenUp = true;
      channel.stdin.end();
    }
  };

  // Asked anew each time: it changes while something is waited for.
  const isOver = (): boolean => isGone;

  const writeLarge = async (frame: Frame, stdin: Input, before: string): Promise<void> => {
    const { nonce, job } = frame;
    const ready = new Promise<string>((resolve) => (frame.onReady = resolve));
    const answered = new Promise<void>((resolve) => (frame.onAnswer = resolve));
    await write(`${before}${largeFrameText(nonce, job.script, stdin.length)}`);
    const way = await Promise.race([ready, gone]);
    if (isOver()) return;
    events.onAsked();
    let length = 0;
    for await (const bytes of stdin instanceof Uint8Array ? [stdin] : stdin.read()) {
      length += bytes.length;
      if (isOver() || length > stdin.length) break;
      if (way === takesBytes) await write(bytes);
      else for (const text of inputText(bytes)) await write(text);
    }
    if (isOver()) return;
    if (length !== stdin.length)
      throw new ZrunError('internal', `an input of ${stdin.length} bytes came to ${length}`);
    if (way === takesText) await write(collectedText(nonce, job.script, length));
    await Promise.race([answered, gone]);
  };

  const ended = gone.then((how): Remains => {
    if (pid === undefined && startError === undefined) {
      // A link that broke is not a host that said no.
      if (how.status === undefined && how.signal === undefined)
        startError = connectionLost(link, link.lost() ?? 'it was cut while a shell was being started');
      else startError = startFailure(become, words, how, passwordSent, limits.startMs);
      rejectStarted(startError);
    }
    const withdrawn = frames.filter((frame) => frame.failure !== undefined);
    for (const { job, failure } of withdrawn) job.reject(failure);
    const left = frames.splice(0).filter((frame) => !withdrawn.includes(frame));
    return {
      ended: how,
      isReplaceable: isGivenUp || isChildHolding,
      isHeld: isChildHolding,
      running: left.filter(mayHaveRun).map((frame) => frame.job),
      waiting: left.filter((frame) => !mayHaveRun(frame)).map((frame) => frame.job),
      startError,
    };
  });

  writing = write(firstLine(startNonce, become));

  return {
    started,
    ended,
    get unanswered() {
      return frames.length;
    },
    get head() {
      return frames[0]?.job;
    },
    get isHeld() {
      return isChildHolding;
    },
    get isAnchored() {
      return isAnchored;
    },
    get pid() {
      return pid;
    },
    send(job) {
      const isTerse = job.isTerse && (job.stdin?.length ?? 0) <= largeInput;
      const isLarge = (job.stdin?.length ?? 0) > largeInput;
      const marks = isTerse ? 'end' : mayLag || isLarge ? 'all' : 'bare';
      mayLag = isTerse;
      isAnchored ||= job.isAnchored;
      const frame: Frame = {
        job,
        nonce: makeNonce(),
        marks,
        stdout: undefined,
        stderr: undefined,
        begun: marks === 'end',
        word: undefined,
        isHeld: false,
        stderrBegun: marks !== 'all',
        stderrEnded: false,
        onReady: undefined,
        onAnswer: undefined,
        failure: undefined,
      };
      frames.push(frame);
      writing = writing.then(() => writeFrame(frame));
    },
    end() {
      writing = writing.then(() => {
        if (!isGone) channel.stdin.end();
      });
      return writing;
    },
    destroy: () => channel.destroy(),
  };
}

/** What is terse changes nothing: whether it ran does not matter. */
function mayHaveRun({ marks, begun, stderrBegun }: Frame): boolean {
  return (marks === 'all' && (begun || stderrBegun)) || (marks === 'bare' && begun);
}

/** The frame whose bytes come on standard output now. */
function stdoutFrame(frames: readonly Frame[]): Frame | undefined {
  return frames.find((frame) => frame.word === undefined);
}

function stderrFrame(frames: readonly Frame[]): Frame | undefined {
  return frames.find((frame) => !frame.stderrEnded);
}

function settle(frame: Frame): void {
  const { job, word = '' } = frame;
  if (frame.failure !== undefined) {
    job.reject(frame.failure);
    return;
  }
  if (!frame.begun && word !== noRoom) {
    job.reject(
      new ZrunError('output-unexpected', 'the host said that a script has ended, but never that it began', {
        hint: 'Nobody can say whether it ran. Does something on the host read or write what is between it and zrun?',
      }),
    );
    return;
  }
  const flood = (['stdout', 'stderr'] as const).find((name) => isTooMuch(frame, name));
  if (flood !== undefined) {
    const mebibytes = (job.keep ?? defaultBound).bytes / 1024 / 1024;
    job.reject(
      new ZrunError('output-unexpected', `the host answered with more than ${mebibytes} MiB on ${flood}`, {
        hint: 'This answer is only of use when it is whole, and so nothing of it was used.',
      }),
    );
    return;
  }
  if (/^\d+$/.test(word)) {
    job.resolve(outputOf(frame, Number(word)));
    return;
  }
  const size = job.stdin?.length ?? 0;
  job.reject(
    new ZrunError('command-failed', `the host has no room to take in ${size} bytes of input`, {
      hint: 'Input of this size is collected in TMPDIR (/tmp) on the host first. Is it full, or not writable?',
      stderr: frame.stderr?.finish().bytes.toString('utf8'),
    }),
  );
}

function isTooMuch(frame: Frame, name: 'stdout' | 'stderr'): boolean {
  return (frame.job.keep ?? defaultBound).over === 'refuse' && frame[name]?.isOver === true;
}

const nothing = { bytes: Buffer.alloc(0), omitted: 0 };

function outputOf(frame: Frame, status: number): Output {
  const [stdout, stderr] = [frame.stdout?.finish() ?? nothing, frame.stderr?.finish() ?? nothing];
  const omitted = { stdout: stdout.omitted, stderr: stderr.omitted };
  const isWhole = omitted.stdout === 0 && omitted.stderr === 0;
  return { stdout: stdout.bytes, stderr: stderr.bytes, status, ...(!isWhole && { omitted }) };
}
