/**
 * Owns how it is known that a run is still going: a file in its folder that says which process it is, and that is
 * touched as long as this process lives. Nothing has to be cleaned up after a kill, a crash or a power cut: what the
 * file names is then no longer there.
 */
import { readFileSync, readlinkSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Claim {
  /** The run is over: takes the file away. */
  release(): void;
}

/** Where /proc is, all of it is known (proc(5)); elsewhere the machine's name alone. */
interface ClaimText {
  readonly machine: string;
  /** Changes whenever the machine starts. */
  readonly boot?: string;
  /** Containers have process ids of their own. */
  readonly pidSpace?: string;
  readonly pid?: string;
  /** In ticks since the machine has started: ids are used again, at another time. */
  readonly startTime?: string;
}

const touchedEveryMs = 10_000;
/** A file that nobody has touched for so long is nobody's. */
const staleAfterMs = 60_000;

/** Writes the file for this process. Throws as writing a file does. */
export function writeClaim(file: string): void {
  writeFileSync(file, `${JSON.stringify(describeSelf())}\n`, { mode: 0o600 });
}

/** Touches the file from now on. */
export function keepClaim(file: string): Claim {
  const timer = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // The folder is gone or the disk is. Whoever looks from this machine needs no touch to see the process.
    }
  }, touchedEveryMs).unref();
  return {
    release() {
      clearInterval(timer);
      rmSync(file, { force: true });
    },
  };
}

/**
 * Says whether the process that wrote the file still lives. On the machine where it runs, and in the same container,
 * the process itself is looked at; from anywhere else, the time at which the file was touched last has to tell.
 */
export function isGoing(file: string): boolean {
  return ownerOf(file) !== undefined;
}

/** The process that a run is going in, as a person looks for it; undefined where it is not going any more. */
export function ownerOf(file: string): string | undefined {
  const claim = readClaim(file);
  if (claim === undefined || !isAlive(claim, file)) return undefined;
  const on = `on ${claim.machine === '' ? 'an unknown machine' : claim.machine}`;
  return claim.pid === undefined ? `a process ${on}` : `process ${claim.pid} ${on}`;
}

function isAlive(claim: ClaimText, file: string): boolean {
  const self = describeSelf();
  if (claim.boot !== undefined && self.boot !== undefined) {
    const { pid, startTime } = claim;
    const isNear = claim.boot === self.boot && claim.pidSpace === self.pidSpace;
    if (isNear && pid !== undefined && startTime !== undefined)
      return readProcess(pid)?.startTime === startTime;
    // It has started anew since.
    if (claim.boot !== self.boot && claim.machine === self.machine) return false;
  }
  return isFresh(file);
}

function isFresh(file: string): boolean {
  try {
    return Date.now() - statSync(file).mtimeMs < staleAfterMs;
  } catch {
    return false;
  }
}

function readClaim(file: string): ClaimText | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const text = (name: string): string | undefined => {
      const found: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
      return typeof found === 'string' ? found : undefined;
    };
    return withoutGaps(text('machine') ?? '', {
      boot: text('boot'),
      pidSpace: text('pidSpace'),
      pid: text('pid'),
      startTime: text('startTime'),
    });
  } catch {
    return undefined;
  }
}

function describeSelf(): ClaimText {
  const self = readProcess('self');
  return withoutGaps(hostname(), {
    boot: orNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidSpace: orNothing(() => readlinkSync('/proc/self/ns/pid')),
    pid: self?.pid,
    startTime: self?.startTime,
  });
}

function withoutGaps(
  machine: string,
  {
    boot,
    pidSpace,
    pid,
    startTime,
  }: { readonly [K in Exclude<keyof ClaimText, 'machine'>]: string | undefined },
): ClaimText {
  return {
    machine,
    ...(boot !== undefined && { boot }),
    ...(pidSpace !== undefined && { pidSpace }),
    ...(pid !== undefined && { pid }),
    ...(startTime !== undefined && { startTime }),
  };
}

/** Of `/proc/PID/stat`: fields 1, 3 and 22. The name in field 2 may hold anything, parentheses and spaces included. */
function readProcess(pid: string): { readonly pid: string; readonly startTime: string } | undefined {
  if (!/^(?:self|\d+)$/.test(pid)) return undefined;
  const text = orNothing(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (text === undefined) return undefined;
  const [state, ...after] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const startTime = after[18];
  // Z and X: it has ended, and nobody has asked for its exit code yet.
  if (startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid: text.slice(0, text.indexOf(' ')), startTime };
}

function orNothing(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
