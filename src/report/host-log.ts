/**
 * Owns the log files of the hosts, one for what happened on each alone. No file stays open, so that a thousand hosts
 * need no thousand files at a time. What hosts write goes to the disk before more of it is read from them: their noise
 * is never collected in memory.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, statfsSync } from 'node:fs';
import path from 'node:path';
import type { EventOf, RunEvent } from '../core/events.js';
import { makeFolder } from '../core/local-files.js';
import { createTimeText } from './duration.js';
import { createHostText, type HostText } from './host-text.js';
import type { Reporter } from './reporter.js';

interface HostLogOptions {
  readonly folder: string;
  /** Told once; the logs are not written on from there. */
  readonly onTrouble: (error: unknown) => void;
  /** How long a line may wait to be written with others. */
  readonly flushMs?: number;
  readonly now?: () => Date;
  /** Told once, where the disk has little room left: of hosts' output, nothing more is written. */
  readonly onLittleRoom?: (message: string) => void;
  /** Characters of a host's output in its log. */
  readonly mostOutput?: number;
  /** Bytes that are left on the disk for everything else, the journal above all. */
  readonly reserve?: number;
}

interface HostLog {
  readonly file: string;
  readonly text: HostText;
}

const MiB = 1024 * 1024;

/** Nobody reads more than this of a host, and a program that never stops must not fill the disk. */
const MOST_OUTPUT = 256 * MiB;

const RESERVE = 256 * MiB;

/** The disk's room is looked at each time that so much output was written. */
const LOOK_EVERY = 16 * MiB;

/** A host that writes a lot is not kept in memory. */
const MOST_WAITING = 1 << 14;

/** Makes the folder. Throws as mkdir does. */
export function createHostLogs(options: HostLogOptions): Reporter {
  const { folder, onTrouble, onLittleRoom, flushMs = 1000, now = () => new Date() } = options;
  const { mostOutput = MOST_OUTPUT, reserve = RESERVE } = options;
  makeFolder(folder, 0o700);
  const stamp = createStamp(now);
  const checkRoom = createRoomCheck(folder, reserve, onLittleRoom);
  let started: EventOf<'run-started'> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isBroken = false;
  const logs = new Map<string, HostLog>();

  function logOf(host: string): HostLog {
    const known = logs.get(host);
    if (known) return known;
    const text = createHostText({ stamp, mostOutput, checkRoom });
    // Told as if it were the only one: nothing is grouped, and its name takes no more room than it needs.
    if (started) text.tell({ ...started, hosts: [host] });
    const log: HostLog = { file: path.join(folder, hostLogName(host)), text };
    logs.set(host, log);
    return log;
  }

  function write({ file, text }: HostLog): void {
    if (text.length === 0 || isBroken) return;
    try {
      appendFileSync(file, text.take(), { mode: 0o600 });
    } catch (error) {
      isBroken = true;
      onTrouble(error);
    }
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    logs.forEach(write);
  }

  function tellHost(host: string, event: RunEvent): void {
    if (isBroken) return;
    const log = logOf(host);
    log.text.tell(event);
    if (log.text.length === 0) return;
    if (log.text.length > MOST_WAITING) write(log);
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
        log.text.addLine(`${event.outcome}: ${counts.join(' ')}`);
        // It is not written to any more: neither what is waiting nor its narrator is needed.
        write(log);
        logs.delete(event.host);
      } else if ('host' in event) tellHost(event.host, event);
    },
    close() {
      for (const { text } of logs.values()) text.endOutput();
      flush();
      return Promise.resolve();
    },
  };
}

/** Puts the time before a line. */
function createStamp(now: () => Date): (text: string) => string {
  const timeText = createTimeText(now);
  return (text) => {
    const line = text.trim();
    return line === '' ? '' : `${timeText()} ${line}\n`;
  };
}

/** What it gives is false from when the disk has less room than is reserved. */
function createRoomCheck(
  folder: string,
  reserve: number,
  onLittleRoom: ((message: string) => void) | undefined,
): (length: number) => boolean {
  let lookIn = 0;
  let hasRoom = true;
  return (length) => {
    lookIn -= length;
    if (!hasRoom || lookIn > 0) return hasRoom;
    lookIn = LOOK_EVERY;
    hasRoom = roomIn(folder) >= reserve;
    if (!hasRoom) onLittleRoom?.(`the disk is almost full: what hosts write is no longer kept in ${folder}`);
    return hasRoom;
  };
}

/** Bytes; as much as there can be where nobody can tell. */
function roomIn(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
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
