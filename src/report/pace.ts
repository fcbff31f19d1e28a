/**
 * Owns how long a line of a fleet waits for equal ones of other hosts.
 *
 * The longer a play has run, the longer a line may wait: hosts that take minutes for a task also end it minutes apart, and
 * whoever reads along has seen that much time pass already. So the lines of a play grow with the logarithm of its time,
 * and not with its hosts.
 */

/** Milliseconds: at least, by the hosts of the run, and at most. */
const least = { perHost: 50, ofFew: 250, ofMany: 10_000 };
const most = { perHost: 250, ofAll: 30_000 };

/** What has gone wrong in a fleet waits no longer than this, in milliseconds. */
export const urgentWait = 2000;

/** For a line that begins to wait `elapsed` milliseconds after its play or batch has begun. Milliseconds. */
export function waitOf(hosts: number, elapsed: number): number {
  const atLeast = Math.min(Math.max(hosts * least.perHost, least.ofFew), least.ofMany);
  return Math.min(Math.max(elapsed, atLeast), most.ofAll, hosts * most.perHost);
}
