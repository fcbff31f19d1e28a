// Owns what the lab tells while it works: plain lines with the time since it started, so that a wait of minutes is
// seen to move in a terminal and in a CI log alike.

const started = Date.now();
/** A silence longer than this makes people think of Ctrl-C. */
const HEARTBEAT_MS = 20_000;

export function elapsed(since: number): string {
  const seconds = (Date.now() - since) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

export function say(text: string): void {
  const seconds = Math.floor((Date.now() - started) / 1000);
  const clock = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  process.stdout.write(`[${clock}] ${text}\n`);
}

/** Nothing once it has taken as long as that. */
function leftOf(minutes: number, since: number): string {
  const left = Math.ceil(minutes - (Date.now() - since) / 60_000);
  return left > 0 ? `, about ${left} min left` : '';
}

/**
 * Runs a piece of work under a name: a line when it starts, a sign of life while it goes on, a line with its time
 * when it ends. `note` is what the sign of life says the work is at.
 * @param minutes what it takes on a quiet machine with two cores; 0: nobody waits for it
 */
export async function step<T>(
  name: string,
  work: (note: (text: string) => void) => Promise<T>,
  minutes = 0,
): Promise<T> {
  const since = Date.now();
  let at = '';
  say(`${name} …${minutes > 0 ? ` (about ${minutes} min)` : ''}`);
  const beat = setInterval(() => {
    say(
      `  ${name}: ${elapsed(since)}${leftOf(minutes, since)}${at === '' ? '' : `, at: ${at.slice(0, 90)}`}`,
    );
  }, HEARTBEAT_MS);
  try {
    const result = await work((text) => {
      if (text.trim() !== '') at = text.trim();
    });
    say(`${name}: done in ${elapsed(since)}`);
    return result;
  } finally {
    clearInterval(beat);
  }
}
