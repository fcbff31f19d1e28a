// Owns the file locks that keep two lab commands from building or changing the same thing at once.
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './error.js';
import { say } from './progress.js';

const POLL_MS = 300;

interface Holder {
  readonly pid: number;
  /** When the process started, in the kernel's ticks: a pid alone is soon somebody else's. */
  readonly born: string;
  readonly purpose: string;
}

/** The start time of a living process as the kernel states it; undefined when there is none. */
export async function bornAt(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets and may hold anything: count from behind it (proc(5), field 22).
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const [pid, born, ...purpose] = (await readFile(file, 'utf8')).trimEnd().split(' ');
    return { pid: Number(pid), born: born ?? '', purpose: purpose.join(' ') };
  } catch {
    return undefined;
  }
}

async function take(file: string, mine: string): Promise<boolean> {
  // A link appears whole or not at all: nobody ever reads a lock that has no holder written in it yet.
  const candidate = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(candidate, mine);
  try {
    await link(candidate, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(candidate, { force: true });
  }
}

/** Puts a lock aside whose holder is gone; what turns out to be somebody's fresh lock is put back. */
async function clearStale(file: string, seen: Holder): Promise<void> {
  const aside = `${file}.stale.${process.pid}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  const taken = await readHolder(aside);
  if (taken?.pid !== seen.pid || taken.born !== seen.born) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

/** Does the work while holding the lock; waits for another holder, says so, and gives up after the limit. */
export async function withLock<T>(
  file: string,
  purpose: string,
  work: () => Promise<T>,
  limitMs = 45 * 60_000,
): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  const mine = `${process.pid} ${(await bornAt(process.pid)) ?? '?'} ${purpose}\n`;
  const since = Date.now();
  let told = false;
  while (!(await take(file, mine))) {
    const holder = await readHolder(file);
    if (holder === undefined) {
      await sleep(POLL_MS);
      continue;
    }
    if ((await bornAt(holder.pid)) !== holder.born) {
      await clearStale(file, holder);
      continue;
    }
    if (!told) say(`waiting for another lab command: ${holder.purpose} (pid ${holder.pid})`);
    told = true;
    if (Date.now() - since > limitMs) {
      throw new LabError(
        `"${holder.purpose}" (pid ${holder.pid}) has held ${file} for more than ${Math.round(limitMs / 60_000)} min`,
        `look at that process; if it hangs, end it (kill ${holder.pid}) and run this command again`,
      );
    }
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}
