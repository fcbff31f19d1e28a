/**
 * Owns the order of what is asked while a run is under way: one question after another, each with the terminal to
 * itself. Knows no question.
 */
import { ZrunError } from '../core/errors.js';

/** Runs what asks when its turn has come. */
export type InTurn = <T>(signal: AbortSignal, asking: () => Promise<T>) => Promise<T>;

interface TurnOptions {
  /** Keeps the terminal free of anything else until what it returns is called. */
  readonly holdOutput: () => () => void;
  /** Ctrl-C at a question: there it is a key and no signal. */
  readonly onInterrupt: () => void;
}

/** Rejects with `interrupted` where the run is stopped before it comes to the question. */
export function createTurns({ holdOutput, onInterrupt }: TurnOptions): InTurn {
  let last: Promise<unknown> = Promise.resolve();

  async function take<T>(signal: AbortSignal, asking: () => Promise<T>): Promise<T> {
    if (isStopped(signal)) throw new ZrunError('interrupted', 'the run was stopped');
    const release = holdOutput();
    try {
      return await asking();
    } catch (error) {
      if (error instanceof ZrunError && error.code === 'interrupted' && !isStopped(signal)) onInterrupt();
      throw error;
    } finally {
      release();
    }
  }

  return (signal, asking) => {
    const taken = last.then(() => take(signal, asking));
    last = taken.catch(() => undefined);
    return taken;
  };
}

/** Asked by name, since it changes while a question stands. */
function isStopped(signal: AbortSignal): boolean {
  return signal.aborted;
}
