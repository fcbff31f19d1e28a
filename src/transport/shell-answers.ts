/**
 * Owns the scripts that were written to a shell and have no answer yet: which of them the bytes on the shell's two
 * outputs belong to, and what becomes of an answer. Knows no streams, and not how a script is written.
 */
import { ZrunError } from '../core/errors.js';
import type { Input, Output } from '../core/host.js';
import { createKept, defaultBound, type Kept, type OutputBound } from '../core/kept-output.js';
import type { CallingScript } from '../core/shell-files.js';
import {
  isHeld,
  largeInput,
  makeNonce,
  noRoom,
  takesBytes,
  takesText,
  type createScanner,
  type Marks,
} from './frame.js';

/** A script on its way: what is sent, and where its answer goes. */
export interface Job extends CallingScript {
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
export interface Frame {
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

/** What a scanner of one of the shell's outputs reports, and whom it asks. */
type Listener = Parameters<typeof createScanner>[0];

export interface Answers {
  /** Waits for the answer to one more job, behind the others. */
  expect(job: Job): Frame;
  readonly stdout: Listener;
  readonly stderr: Listener;
  /** Jobs that have no answer yet. */
  readonly count: number;
  /** The one that is running, or runs next. */
  readonly head: Job | undefined;
  /** No more comes. A job whose input was not to be had learns that; the others are the caller's again. */
  giveUp(): Unanswered;
}

interface Unanswered {
  /** Was running. Nobody can say how far it came. */
  readonly running: readonly Job[];
  /** Was never begun. */
  readonly waiting: readonly Job[];
}

/** `onAnswered` hears of each frame that is answered, once its job has been settled. */
export function createAnswers(onAnswered: (frame: Frame) => void): Answers {
  const frames: Frame[] = [];
  /** What went before, at first a start-up file, may still have something to say on standard error. */
  let mayLag = true;

  const answer = (): void => {
    for (let frame = frames[0]; frame?.word !== undefined && frame.stderrEnded; frame = frames[0]) {
      frames.shift();
      settle(frame);
      frame.onAnswer?.();
      onAnswered(frame);
    }
  };

  return {
    expect(job) {
      const isLarge = (job.stdin?.length ?? 0) > largeInput;
      const isTerse = job.isTerse && !isLarge;
      const chatty = mayLag || isLarge ? 'all' : frames.length > 0 ? 'bare' : 'alone';
      const marks = isTerse ? 'end' : chatty;
      mayLag = isTerse;
      const frame = openFrame(job, marks);
      frames.push(frame);
      return frame;
    },
    stdout: {
      expected: () => stdoutFrame(frames)?.nonce,
      text(chunk) {
        const frame = stdoutFrame(frames);
        if (!frame?.begun) return;
        (frame.stdout ??= createKept(frame.job.keep ?? defaultBound)).add(chunk);
        frame.job.onOutput?.('stdout', chunk);
      },
      mark(word) {
        const frame = stdoutFrame(frames);
        if (frame === undefined) return;
        if (word === takesBytes || word === takesText) {
          frame.onReady?.(word);
          return;
        }
        if (word === '+') frame.begun = true;
        else endStdout(frame, word);
        answer();
      },
    },
    stderr: {
      expected: () => stderrFrame(frames)?.nonce,
      text(chunk) {
        const frame = stderrFrame(frames);
        if (!frame?.stderrBegun) return;
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
    },
    get count() {
      return frames.length;
    },
    get head() {
      return frames[0]?.job;
    },
    giveUp() {
      const withdrawn = frames.filter((frame) => frame.failure !== undefined);
      for (const { job, failure } of withdrawn) job.reject(failure);
      const left = frames.splice(0).filter((frame) => !withdrawn.includes(frame));
      return {
        running: left.filter(mayHaveRun).map((frame) => frame.job),
        waiting: left.filter((frame) => !mayHaveRun(frame)).map((frame) => frame.job),
      };
    },
  };
}

function openFrame(job: Job, marks: Marks): Frame {
  return {
    job,
    nonce: makeNonce(),
    marks,
    stdout: undefined,
    stderr: undefined,
    begun: marks === 'end' || marks === 'alone',
    word: undefined,
    isHeld: false,
    stderrBegun: marks !== 'all',
    stderrEnded: false,
    onReady: undefined,
    onAnswer: undefined,
    failure: undefined,
  };
}

/** What the mark that ends standard output says: the status, or why there is none, and who has the outputs now. */
function endStdout(frame: Frame, word: string): void {
  frame.isHeld = word.endsWith(isHeld);
  frame.word = word.slice(1, frame.isHeld ? -isHeld.length : undefined);
  if (frame.marks === 'end' && frame.word === '0') frame.stderrEnded = true;
}

/** What is terse changes nothing: whether it ran does not matter. */
function mayHaveRun({ marks, begun, stderrBegun }: Frame): boolean {
  return marks !== 'end' && (begun || (marks === 'all' && stderrBegun));
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
