/** Owns how a test says why it is not tried on this machine. */
import type { Context } from 'mocha';

/** Skips the test, or all that a hook is for, and prints why; goes on where there is no reason. */
export function skipFor(test: Context, reason: string | undefined): void {
  if (reason === undefined) return;
  console.log(`      ${reason}`);
  test.skip();
}
