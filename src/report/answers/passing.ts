/**
 * Owns the output of a command on one host alone, handed on as it comes and whole: to a file or a program as the bytes that
 * it is, on a terminal with everything that could act on it shown.
 */
import type { EventOf } from '../../core/events.js';
import { exactBytes, showBytes } from '../../core/exact-text.js';
import type { Paint } from '../style.js';
import { visible } from '../visible.js';

/** A place for bytes, too. */
interface ByteSink {
  write(piece: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
}

interface PassingOptions {
  readonly out: ByteSink;
  readonly err: ByteSink;
  readonly paint: Paint;
  /** From the first piece on, nothing else is drawn. */
  readonly yieldTerminal: () => void;
}

export interface Passing {
  tell(output: EventOf<'task-output'>): void;
  /** The command has ended. */
  end(): void;
}

export function createPassing({ out, err, paint, yieldTerminal }: PassingOptions): Passing {
  /** Whether a line is begun on a terminal. */
  const isOpen = { stdout: false, stderr: false };
  let isFirst = true;
  let isEscaped = false;
  return {
    tell({ stream, text }) {
      if (isFirst) yieldTerminal();
      isFirst = false;
      const sink = stream === 'stdout' ? out : err;
      if (sink.isTTY !== true) {
        sink.write(exactBytes(text));
        return;
      }
      const shown = visible(showBytes(text));
      isEscaped ||= shown !== text;
      isOpen[stream] = !text.endsWith('\n');
      sink.write(shown);
    },
    end() {
      if (isOpen.stdout) out.write('\n');
      if (isOpen.stderr) err.write('\n');
      isOpen.stdout = isOpen.stderr = false;
      if (isEscaped)
        err.write(
          `${paint('magenta', 'warning:')} what could act on a terminal is shown, as \\x1b; a file or a pipe gets the bytes as they are\n`,
        );
      isEscaped = false;
    },
  };
}
