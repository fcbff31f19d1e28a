/**
 * Owns the progress of a long step: how often it is reported, and how it is read from an input that is being sent, or from
 * lines that a script writes. Knows no module.
 */
import { StringDecoder } from 'node:string_decoder';
import type { Input } from './host.js';

export interface Progress {
  /** What has become of them: `copied`. */
  readonly verb: string;
  /** Bytes. */
  readonly done: number;
  readonly of: number;
}

/** Between two of one task, and before the first: what takes no longer needs none. Milliseconds. */
const pauseMs = 1000;

/** `tell` gets what does not come too soon after the last. */
export function thinOut(
  tell: (progress: Progress) => void,
  now: () => number = () => performance.now(),
): (progress: Progress) => void {
  let last = now();
  return (progress) => {
    const time = now();
    if (time - last < pauseMs) return;
    last = time;
    tell(progress);
  };
}

/** The same input, which reports how much of it has been read. One that is in memory is small, and reports nothing. */
export function watchInput(
  input: Input | undefined,
  progress: (progress: Progress) => void,
): Input | undefined {
  if (input === undefined || input instanceof Uint8Array) return input;
  const { length } = input;
  return {
    length,
    async *read() {
      let done = 0;
      for await (const piece of input.read()) {
        progress({ verb: 'sent', done, of: length });
        yield piece;
        done += piece.length;
      }
    },
  };
}

/** Makes lines of bytes that may be cut anywhere. What has no line feed yet is kept, up to a limit. */
export function readLines(tell: (line: string) => void): (chunk: Buffer) => void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return (chunk) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = (lines.pop() ?? '').slice(-longestLine);
    lines.forEach(tell);
  };
}

const longestLine = 4096;
