/**
 * Owns what a reporter is: something that is told events and writes. Knows no reporter by name.
 */
import type { RunEvent } from '../core/events.js';

export interface Reporter {
  /** Never throws; what it cannot write is lost for it alone. */
  tell(event: RunEvent): void;
  /** Draws nothing on the terminal, which somebody is asked something on, until what it returns is called. */
  hold?(): () => void;
  /** Writes what is held back. Resolves when it is handed to the system; nothing may be told afterwards. */
  close(): Promise<void>;
}

/** A place for text: a stream, seen as little as is needed. */
export interface Sink {
  write(text: string): unknown;
}

/** How much is said: 0 what matters, 1 (-v) reasons and output, 2 results, 3 time and exchanges, 4 everything. */
export type Verbosity = number;

/** For a switch over all events: an event kind without a case does not compile. */
export function assertNever(value: never): never {
  throw new TypeError(`an event of no known kind: ${JSON.stringify(value)}`);
}
