/**
 * Owns what is written to a shell: one frame after another, as fast as the channel takes it, and a large input as the
 * host asks for it. Knows nothing of answers but when a large input may go.
 */
import type { Writable } from 'node:stream';
import { ZrunError } from '../core/errors.js';
import { gatherInput, type Input } from '../core/host.js';
import { teach, type SharedText } from '../core/shell-files.js';
import {
  collectedText,
  frameText,
  helpers,
  inputText,
  largeFrameText,
  largeInput,
  takesBytes,
  takesText,
} from './frame.js';
import type { Frame } from './shell-answers.js';

interface Writer {
  /** Behind all that was written before. An input that is not to be had ends the shell's own, and fails the frame. */
  write(frame: Frame): void;
  /** Ends the shell's input, behind all that was written before. Never rejects. */
  end(): Promise<void>;
  /** The shell's input was ended, since that of a frame was not to be had. */
  readonly hasGivenUp: boolean;
}

/**
 * `firstLine` is written before all frames. `gone`: the shell takes nothing any more. `onAsked`: the host has asked for a
 * large input, which is sent now.
 */
export function createWriter(
  stdin: Writable,
  firstLine: string,
  gone: Promise<unknown>,
  onAsked: () => void,
): Writer {
  let isGone = false;
  let hasGivenUp = false;
  let hasHelpers = false;
  /** Names of the shared texts that the shell has read. */
  const taught = new Set<string>();
  const over = gone.then(() => {
    isGone = true;
  });
  // Asked anew each time: it changes while something is waited for.
  const isOver = (): boolean => isGone;

  const send = async (text: string | Uint8Array): Promise<void> => {
    if (isGone || hasGivenUp || stdin.write(text)) return;
    await untilDrained(stdin, over);
  };

  /** What the shell must read before the frame, and has not read yet. */
  const lessonsFor = (frame: Frame, needs: readonly SharedText[]): string => {
    const isToHelp = frame.marks !== 'end' && !hasHelpers;
    if (isToHelp) hasHelpers = true;
    const missing = needs.filter(({ name }) => !taught.has(name));
    for (const { name } of missing) taught.add(name);
    return `${isToHelp ? helpers() : ''}${missing.map(teach).join('')}`;
  };

  const sendFrame = async (frame: Frame): Promise<void> => {
    const { nonce, job } = frame;
    const { script, needs, stdin: input } = job;
    try {
      const isLarge = input !== undefined && input.length > largeInput;
      const text = isLarge ? '' : frameText(nonce, script, input && (await gatherInput(input)), frame.marks);
      const before = lessonsFor(frame, needs);
      if (isLarge) await sendLarge(frame, script, input, before);
      else await send(`${before}${text}`);
    } catch (error) {
      frame.failure = error;
      // Whatever the host has of it is not all of it.
      hasGivenUp = true;
      stdin.end();
    }
  };

  const sendLarge = async (frame: Frame, script: string, input: Input, before: string): Promise<void> => {
    const { nonce } = frame;
    const ready = new Promise<string>((resolve) => (frame.onReady = resolve));
    const answered = new Promise<void>((resolve) => (frame.onAnswer = resolve));
    await send(`${before}${largeFrameText(nonce, script, input.length)}`);
    const way = await Promise.race([ready, over]);
    if (isOver()) return;
    onAsked();
    let length = 0;
    for await (const bytes of input instanceof Uint8Array ? [input] : input.read()) {
      length += bytes.length;
      if (isOver() || length > input.length) break;
      if (way === takesBytes) await send(bytes);
      else for (const text of inputText(bytes)) await send(text);
    }
    if (isOver()) return;
    if (length !== input.length)
      throw new ZrunError('internal', `an input of ${input.length} bytes came to ${length}`);
    if (way === takesText) await send(collectedText(nonce, script, length));
    await Promise.race([answered, over]);
  };

  let writing = send(firstLine);
  return {
    write(frame) {
      writing = writing.then(() => sendFrame(frame));
    },
    end() {
      writing = writing.then(() => {
        if (!isGone) stdin.end();
      });
      return writing;
    },
    get hasGivenUp() {
      return hasGivenUp;
    },
  };
}

/** Until the stream takes more, or nothing any more. */
async function untilDrained(stdin: Writable, over: Promise<void>): Promise<void> {
  let onDrain = (): void => undefined;
  const drained = new Promise<void>((resolve) => {
    onDrain = resolve;
    stdin.once('drain', onDrain);
  });
  await Promise.race([drained, over]);
  stdin.off('drain', onDrain);
}
