/**
 * Owns the log of each host: what happened on it alone, with its time, and what it wrote while a task ran, whole up to a
 * bound. No file stays open, so that a thousand hosts need no thousand files at a time. What hosts write goes to the
 * disk before more of it is read from them: their noise is never collected in memory.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, statfsSync } from 'node:fs';
import path from 'node:path';
import type { EventOf, RunEvent } from '../core/events.js';
import { createNarrator, INDENT, type Narrator } from './narrate.js';
import type { Reporter } from './reporter.js';
import { colourless } from './style.js';
import { visible } from './visible.js';

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
  readonly narrator: Narrator;
  readonly file: string;
  waiting: string;
  /** Characters of output that were written, and that were not since something else was. */
  output: number;
  omitted: number;
  /** Of the task that wrote last. */
  ofTask: number;
  task: string | undefined;
  /** Which output was written last, if nothing else was since. */
  open: string | undefined;
  isLineOpen: boolean;
}

const MiB = 1024 * 1024;

/** Nobody reads more than this of a host, and a program that never stops must not fill the disk. */
const MOST_OUTPUT = 256 * MiB;

/** Of each task, so much is written even then: what comes after the noise is what one looks for. */
const ALWAYS = 64 * 1024;

const RESERVE = 256 * MiB;

/** The disk's room is looked at each time that so much output was written. */
const LOOK_EVERY = 16 * MiB;

/** A host that writes a lot is not kept in memory. */
const MOST_WAITING = 1 << 14;

/** Makes the folder. Throws as mkdir does. */
export function createHostLogs(options: HostLogOptions): Reporter {
  const { folder, onTrouble, onLittleRoom, flushMs = 1000, now = () => new Date() } = options;
  const { mostOutput = MOST_OUTPUT, reserve = RESERVE } = options;
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
    const log: HostLog = {
      narrator,
      file,
      waiting: stamp(narrator.drain()),
      output: 0,
      omitted: 0,
      ofTask: 0,
      task: undefined,
      open: undefined,
      isLineOpen: false,
    };
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

  let lookIn = 0;
  let hasRoom = true;

  /** False from when the disk has less room than is reserved. */
  function checkRoom(length: number): boolean {
    lookIn -= length;
    if (!hasRoom || lookIn > 0) return hasRoom;
    lookIn = LOOK_EVERY;
    hasRoom = roomIn(folder) >= reserve;
    if (!hasRoom) onLittleRoom?.(`the disk is almost full: what hosts write is no longer kept in ${folder}`);
    return hasRoom;
  }

  function addOutput(log: HostLog, event: EventOf<'task-output'>): void {
    const { stream, task, text } = event;
    if (log.task !== task.id) [log.task, log.ofTask] = [task.id, 0];
    const room = Math.max(mostOutput - log.output, ALWAYS - log.ofTask);
    if (room <= 0 || !checkRoom(text.length)) {
      log.omitted += text.length;
      return;
    }
    const key = `${stream} ${task.id}`;
    if (log.open !== key) {
      closeOutput(log);
      log.narrator.tell({ ...event, text: '' });
      log.waiting += stamp(log.narrator.drain());
      log.open = key;
    }
    const shown = text.slice(0, room);
    log.output += shown.length;
    log.ofTask += shown.length;
    log.omitted += text.length - shown.length;
    const isWhole = shown.endsWith('\n');
    const lines = (isWhole ? shown.slice(0, -1) : shown).replaceAll('\n', `\n${INDENT}`);
    log.waiting += `${log.isLineOpen ? '' : INDENT}${visible(lines)}${isWhole ? '\n' : ''}`;
    log.isLineOpen = !isWhole;
  }

  /** What comes next has a line of its own. */
  function closeOutput(log: HostLog): void {
    if (log.isLineOpen) log.waiting += '\n';
    if (log.omitted > 0) log.waiting += `${INDENT}[zrun left ${log.omitted} characters out of this log]\n`;
    log.isLineOpen = false;
    log.omitted = 0;
    log.open = undefined;
  }

  function tellHost(host: string, event: RunEvent): void {
    if (isBroken) return;
    const log = logOf(host);
    if (event.type === 'task-output') addOutput(log, event);
    else {
      log.narrator.tell(event);
      const said = stamp(log.narrator.drain());
      if (said !== '') closeOutput(log);
      log.waiting += said;
    }
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
      logs.forEach(closeOutput);
      flush();
      return Promise.resolve();
    },
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
