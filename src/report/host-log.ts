/**
 * Owns the log of each host: what happened on it alone, with its time, what it wrote while a task ran included. No file
 * stays open, so that a thousand hosts need no thousand files at a time.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { EventOf, RunEvent } from '../core/events.js';
import { createNarrator, type Narrator } from './narrate.js';
import type { Reporter } from './reporter.js';
import { colourless } from './style.js';

export interface HostLogOptions {
  readonly folder: string;
  /** Told once; the logs are not written on from there. */
  readonly onTrouble: (error: unknown) => void;
  /** How long a line may wait to be written with others. */
  readonly flushMs?: number;
  readonly now?: () => Date;
}

interface HostLog {
  readonly narrator: Narrator;
  readonly file: string;
  waiting: string;
}

/** A host that writes a lot is not kept in memory. */
const MOST_WAITING = 1 << 16;

/** Makes the folder. Throws as mkdir does. */
export function createHostLogs(options: HostLogOptions): Reporter {
  const { folder, onTrouble, flushMs = 1000, now = () => new Date() } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let started: EventOf<'run-started'> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isBroken = false;
  const logs = new Map<string, HostLog>();

  function logOf(host: string): HostLog {
    const known = logs.get(host);
    if (known) return known;
    const narrator = createNarrator({ paint: colourless, verbosity: 4, diff: true });
    // Told as if it were the only one: nothing is grouped, and its name takes no more room than it needs.
    if (started) narrator.tell({ ...started, hosts: [host] });
    const file = path.join(folder, hostLogName(host));
    const log = { narrator, file, waiting: stamp(narrator.drain()) };
    logs.set(host, log);
    return log;
  }

  let [time, timeText] = [Number.NaN, ''];

  function stamp(text: string): string {
    const line = text.trim();
    if (line === '') return '';
    const date = now();
    if (date.getTime() !== time) [time, timeText] = [date.getTime(), date.toISOString()];
    return `${timeText} ${line}\n`;
  }

  function write(log: HostLog): void {
    if (log.waiting === '' || isBroken) return;
    try {
      appendFileSync(log.file, log.waiting, { mode: 0o600 });
    } catch (error) {
      isBroken = true;
      onTrouble(error);
    }
    log.waiting = '';
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    logs.forEach(write);
  }

  function tellHost(host: string, event: RunEvent): void {
    if (isBroken) return;
    const log = logOf(host);
    log.narrator.tell(event);
    log.waiting += stamp(log.narrator.drain());
    if (log.waiting === '') return;
    if (log.waiting.length > MOST_WAITING) write(log);
    else timer ??= setTimeout(flush, flushMs).unref();
  }

  return {
    tell(event) {
      if (event.type === 'run-started') started = event;
      else if (event.type === 'play-started') {
        for (const host of event.hosts) tellHost(host, { ...event, hosts: [host], batches: 1 });
      } else if (event.type === 'host-finished') {
        tellHost(event.host, event);
        const counts = Object.entries(event.counts).map(([name, count]) => `${name}=${String(count)}`);
        const log = logOf(event.host);
        log.waiting += stamp(`${event.outcome}: ${counts.join(' ')}`);
        // It is not written to any more: neither what is waiting nor its narrator is needed.
        write(log);
        logs.delete(event.host);
      } else if ('host' in event) tellHost(event.host, event);
    },
    close() {
      flush();
      return Promise.resolve();
    },
  };
}

/** A host's name as a file's: `%` and two digits stand for what may have a meaning in a path. */
export function hostLogName(host: string): string {
  const name = host.replace(/^\.|[^A-Za-z0-9._@:+-]/gu, (character) =>
    Buffer.from(character)
      .toString('hex')
      .replace(/../g, (digits) => `%${digits.toUpperCase()}`),
  );
  // Most file systems take names of up to 255 bytes.
  if (name.length <= 200) return `${name}.log`;
  return `${name.slice(0, 180)}-${createHash('sha256').update(host).digest('hex').slice(0, 12)}.log`;
}
