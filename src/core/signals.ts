/**
 * Owns how the signals that end work are listened to and put together. No listener outlives the work that it was for: a
 * signal of a whole run must not collect one for each thing that was ever done under it.
 */
import { setMaxListeners } from 'node:events';

/** Calls `listener` when the signal is aborted, at once where it already is. Returns what undoes that. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  // Hundreds of hosts listen to the one signal of a run.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** One for all: the DOMException that abort() makes otherwise takes a stack trace for each host. */
const ended = new Error('ended');

/** Aborts a signal whose reason nobody reads. */
export function abort(controller: AbortController): void {
  controller.abort(ended);
}

/** A signal that is aborted with any of these. `release` is to be called when the work is over. */
export function linkSignals(...signals: readonly AbortSignal[]): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const own = new AbortController();
  const links = signals.map((signal) => onAbort(signal, () => abort(own)));
  return { signal: own.signal, release: () => links.forEach((unlink) => unlink()) };
}
