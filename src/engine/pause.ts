/**
 * Owns waiting for a while.
 */
import { onAbort } from '../core/signals.js';

/** Waits so many milliseconds; returns at once when aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return;
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      forget();
      resolve();
    };
    const timer = setTimeout(finish, ms);
    const forget = onAbort(signal, finish);
  });
}
